// Package bisect finds which nodes of a network break it in a reduced precision, and what to keep in f32 so that the rest may run reduced.
//
// It knows an engine by its interface only: a list of candidates in counting order, and runs with a chosen set of them enforced. What a run
// is worth is a Judge's business, which turns reference and observation into a Verdict. The package promises that
//
//   - every claim of a Result marked proven was shown by probes of this search or of the journal that it resumed from;
//   - a probe that gave no answer (crash, timeout, skipped, not honoured) is never counted as good or bad;
//   - the same engine, samples and rules give the same Result, but for seconds, whatever Jobs is, however often the search was interrupted and
//     resumed, and however fast the machine is: what is worth its probes is decided by the work that the engine says they take. Config.MaxTime
//     is the exception;
//   - an engine that contradicts itself does not lead to a false claim: see votes.go;
//   - an interrupted or budgeted search returns what is known so far, and says what is open.
//
// It leaves out how nodes are enforced (engine), how numbers are compared (compare), what a pattern is (patterns), and how a Result is
// written (bisect/report).
//
// # The first node
//
// Curves of real networks are not monotone: enforcing more may undo harm. Bisection on CNT alone therefore finds some node at which the verdict
// turns, not always the first. All CNTs are probed where that is quick; else the gaps below the first node are looked into where a failure is
// likeliest, and a failure found there begins the search below it anew. On the measured curves of 35 real networks at four thresholds plain
// bisection finds 58 of 59 first nodes and this one all, among them one of seven crossings at CNT 2 where plain bisection ends at 97.
//
// Where an engine forecasts which nodes the error comes from (engine.Predictor), bisection does not halve what is left but its probability of
// holding the first node (guide.go). A forecast costs nothing beyond the two ends, and is never believed without probes. On 35 real networks at
// four thresholds and the 24 models with known culprits, the first node then takes 3.5 and 3.0 forward passes instead of 5.4 and 4.4 (geometric
// means, the two of the ends included). It takes more than halving in 9 of the 83, by 1.4 passes at most: no order of probes is better than another
// wherever the answer lies.
//
// # Strategies
//
// Which units to keep in f32 is looked for by one small type a strategy. The table has what each takes, on average over ten synthetic networks
// of 400 units in 20 layers, after the ends and the first node are known: probes, +units beyond the smallest repair, and whether it mostly
// fails. k is the size of the smallest repair, bits is log2 C(400,k): no strategy that learns one bit from a probe can do with fewer. In "any"
// each of k units breaks alone, in "pairs" two of each k pairs break together, in "sum" each of k units and two more adds 0.4 of the tolerance
// and every other 0.001, in "role" one unit of each of k layers breaks, always the same one.
//
//	kind      k  bits     exclusion   quickXplain       layered probabilistic        growth        byGain       descent      stepwise        byHarm      byRelief
//	any       2    16            11            23            24            33            23       0 fails           271     796 fails           400     398 fails
//	any       8    54            73            81            83           106            83       1 fails           271     794 fails           409     397 fails
//	any      20   111           199           175           188           223           186       0 fails           316     795 fails           425     398 fails
//	pairs     1     9             0            12            13            12            11             0       3 fails           794           424           397
//	pairs     4    30            31            48            44            57            44       1 fails     305 fails     795 fails           462     397 fails
//	pairs    10    64            96           105           103           123            99       1 fails     312 fails     795 fails           518     397 fails
//	sum       1     9            34      50 +19.8     133 +59.4            12      92 +39.6             0            30           798           400           399
//	sum       7    48     117 fails    418 +192.0    386 +172.8    373 +153.6    350 +153.6            12           106           932           411           410
//	sum      19   107     126 fails    450 +180.0    439 +180.0    457 +180.0    444 +180.0            27           228    1018 fails           427           426
//	role      2    16            12            17            11            38            15       1 fails           258     794 fails           399     397 fails
//	role      8    54            80            73            23           100            32       1 fails           266     794 fails           409     397 fails
//	role     20   111           199           190            45           241            44       1 fails           321     794 fails           425     397 fails
//
// From 10 to 100,000 units the probes of a whole search grow as the bits do: at 100,000, with the ends, the first node, the proof that the set is
// 1-minimal and the settings, 23 where one unit breaks (17 bits), 99 where each of 5 does (76), 22 where 4 break together (17), 362 where 6 add 0.4
// of the tolerance each (62). The search's own work on 20,000 units of which all CNTs are probed is half a second, on 100,000 seven.
//
// Where an engine forecasts, foretold opens: it keeps what should make the error, takes a new forecast where that does not repair, and drops what is
// not needed. In a small LLaMA with 1, 2, 3 and 5 planted modules, 3 to 29 units, the set is then known after 3 to 6, 7 to 10, 8 to 11 and 13 to 17
// forward passes, ends and first node included, and shown to be 1-minimal, one probe a unit, after 6 to 12, 14 to 20, 18 to 21 and 30 to 37; without
// it that took 15 to 29, 29 to 44, 37 to 40 and 56 to 68. In the 22 known cases whose errors do not accumulate it is known after 2 to 7.
//
// Else bisection with exclusion opens: it stays within twice the bound where units break alone, the probes that show that they do included. Where
// a group repairs, halving within that group, as layered does for a role, takes a quarter of it. Sums need strategies that measure shares: byGain
// costs next to nothing once all CNTs are scanned, descent does without, and byHarm takes a probe a unit. On the real networks of the tests errors
// do not add as neatly, since what is rounded later may undo or multiply what was rounded before: in blazeface at 45 dB stepwise found 5 units where
// exclusion, halving and rankings ended at 12, in basic-pitch at 20 dB byHarm found 11 where byGain and halving ended at 21. These two take the
// most probes, and run where those take less than a minute. quickXplain is run in both directions, since where units interact, the side to begin
// from decides which set is found. byForecast costs next to nothing where an engine forecasts. byRelief and probabilistic seldom win; they come
// last and run while probes are left. Where two units are known to repair, all that is left is to try single ones. Every set is reduced until it
// is 1-minimal, and the best wins.
package bisect
