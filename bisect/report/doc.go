// Package report writes what bisect and compare found out, one file a format: text, an HTML page and plots for people, JSON with
// committed JSON Schemas for programs, and the forms that CI systems read: JUnit, SARIF, GitLab, GitHub, Markdown. It decides nothing: every claim that it words is in the value it is given.
//
// Texts are safe for terminals: names come from model files and may hold anything, so control characters and bytes that are no UTF-8 are
// escaped. Only lines meant for a shell hold names as they are, quoted. The other forms escape by their own rules on top.
package report
