// Package bisect finds which nodes of a network break it in a reduced precision, and what to keep in f32 so that the rest may run reduced.
//
// It knows an engine by its interface only: a list of candidates in counting order, and runs with a chosen set of them enforced. What a run
// is worth is a Judge's business, which turns reference and observation into a Verdict. The package promises that
//
//   - every claim of a Result marked proven was shown by a probe of this search or of the journal that it resumed from;
//   - a probe that gave no answer (crash, timeout, skipped, not honoured) is never counted as good or bad;
//   - the same engine, samples and rules give the same Result, but for seconds;
//   - an interrupted or budgeted search returns what is known so far.
//
// It leaves out how nodes are enforced (engine), how numbers are compared (compare), what a pattern is (patterns), and how a Result is
// written (bisect/report).
package bisect
