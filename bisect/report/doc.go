// Package report writes what bisect and compare found out, one file a format: text for people, JSON with a committed JSON Schema for
// programs. It decides nothing: every claim that it words is in the value it is given.
//
// Texts are safe for terminals: names come from model files and may hold anything, so control characters and bytes that are no UTF-8 are
// escaped. Only lines meant for a shell hold names as they are, quoted.
package report
