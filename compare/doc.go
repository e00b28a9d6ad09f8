// Package compare measures how far the outputs of a run are from reference outputs, and holds that against accept rules.
//
// A rule is written [OUTPUT[SLICE]:]METRIC[OP VALUE], such as
//
//	sqnr>=20                          every output is within 20 dB
//	logits[:,-1]:kl<=0.01             a part of one output, sliced as numpy slices
//	allclose(atol=1e-3,rtol=1e-2)     metrics with parameters
//	Identity:0:top1                   the last colon before a metric ends the output's name
//
// A rule without an output is about every output. Metrics, with a the reference and b the result, in float64 whatever the type of the
// elements (booleans are 0 and 1):
//
//	max-abs     max |a-b|
//	mean-abs    mean |a-b|
//	max-rel     max |a-b| / max |a|
//	rel-l2      ||a-b|| / ||a||
//	rmse        sqrt(mean (a-b)^2)
//	nrmse       rmse / (max a - min a)
//	cosine      a.b / (||a|| ||b||)
//	sqnr        10 log10(sum a^2 / sum (a-b)^2), dB
//	psnr        10 log10((max |a|)^2 / mean (a-b)^2), dB
//	kl          KL(softmax a || softmax b) along the last axis in nats, the mean over the rows
//	ulp         the largest distance in units in the last place: steps of the grid of the elements' type
//	top1        share of rows along the last axis with the same argmax (the first of equals)
//	topk(k)     share of rows where the reference's argmax is among the k largest of the result
//	equal       share of equal elements
//	allclose    max |a-b| / (atol + rtol |a|), atol 1e-8 and rtol 1e-5 unless given; at most 1 where numpy.allclose(b, a) holds
//
// top1, topk and equal alone ask for 1, allclose takes no bound. These hold for every metric:
//
//   - equal infinities at the same place are equal: they add nothing to differences and norms;
//   - any other non-finite element of the reference fails every rule;
//   - a non-finite element of the result where the reference is finite fails every rule and sets Comparison.NonFinite;
//   - a reference that is all zeros passes only a result that is all zeros;
//   - outputs without elements are equal; a result of another shape than its reference fails every rule.
//
// The package leaves out where outputs come from, and what a search makes of a comparison.
package compare
