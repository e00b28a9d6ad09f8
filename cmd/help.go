package cmd

import (
	_ "embed"

	"github.com/spf13/cobra"
)

// Longer texts.
var (
	//go:embed docs/tutorial.md
	helpTutorial string
	//go:embed docs/how.md
	helpHow string
	//go:embed docs/peers.md
	helpPeers string
	//go:embed docs/ci.md
	helpCI string
)

// topics are help texts that are no commands: halfway help NAME.
func topics() []*cobra.Command {
	var list []*cobra.Command
	for _, t := range []struct{ name, short, long string }{
		{"exit", "Exit statuses", helpExit},
		{"accept", "Rules that outputs must meet", helpAccept},
		{"semantics", "What enforcing a precision does", helpSemantics},
		{"samples", "What --input takes", helpSamples},
		{"patterns", "How nodes are selected", helpPatterns},
		{"views", "What counts as a node", helpViews},
		{"engines", "What runs the model", helpEngines},
		{"tutorial", "From a broken network to settings that repair it, by hand and by bisect", helpTutorial},
		{"how", "How it works: views, numerics, memo, search, proofs", helpHow},
		{"peers", "Other tools, and when to take them", helpPeers},
		{"ci", "Recipes for GitHub Actions, GitLab and Jenkins", helpCI},
	} {
		list = append(list, &cobra.Command{Use: t.name, Short: t.short, Long: t.long})
	}
	return list
}

const helpExit = `Exit statuses

  0  answered, or passed
  1  failed to run: a file, the engine
  2  usage: a flag, an argument, a bad pattern or rule
  3  nothing breaks (bisect; 0 with --clean-ok)
  4  accuracy is broken (check, compare), or not repairable: nothing enforced fails too, or the repair exceeds
     --max-f32 (bisect)
  5  unresolved: an unstable engine, a budget, or an interrupt came before the answer

Interrupted by Ctrl-C or SIGTERM, bisect writes what it knows so far, also as JSON, and its journal holds every probe.
A second signal ends it at once.`

const helpAccept = `Rules that outputs must meet

  --accept '[OUTPUT[SLICE]:]METRIC[OP VALUE]'

Repeatable; all rules must hold for all samples. A rule without an output is about every output, a slice is written as
numpy does: logits[:,-1]. With a the reference and b the result, in f64:

  max-abs    max |a-b|                      sqnr       10 log10(sum a^2 / sum (a-b)^2), dB
  mean-abs   mean |a-b|                     psnr       10 log10((max |a|)^2 / mean (a-b)^2), dB
  max-rel    max |a-b| / max |a|            kl         KL of the softmax of both, last axis, mean over rows
  rel-l2     ||a-b|| / ||a||                ulp        largest distance in steps of the elements' type
  rmse       sqrt(mean (a-b)^2)             top1       share of rows, last axis, with the same argmax
  nrmse      rmse / (max a - min a)         topk(k)    share of rows whose argmax is among the k largest
  cosine     a.b / (||a|| ||b||)            equal      share of equal elements
  allclose   allclose(atol=1e-3,rtol=1e-2), as numpy has it; alone 1e-8 and 1e-5

Distances take <= or <, the others (cosine, sqnr, psnr, top1, topk, equal) >= or >. top1, topk and equal alone ask
for 1. The default is sqnr>=20 for outputs of floats and equal>=1 for others.

A value of the reference that is not finite fails every rule, unless the result has the same infinity there. One of
the result where the reference is finite is the verdict non-finite. A reference of zeros passes only zeros.

  --judge 'PROGRAM {reference} {output}'

A program of yours judges instead, with both sides as .npz files: 0 is good, 125 no answer, 1 to 124 bad, as for git
bisect run. No shell is involved, and {sample} is the number of the sample. A model that keeps state gets one sample as
a folder of step-000.npz, step-001.npz, ...; its outputs are called step-000.NAME, step-001.NAME, ... there.

  --accept 'sqnr>=30'   --accept 'logits[:,-1]:kl<=0.01'   --accept 'boxes:max-abs<=0.5'   --accept top1`

const helpSemantics = `What enforcing a precision does

The rules are those of OpenVINO's CPU plugin. Nodes are counted in the order of the model's get_ordered_ops. Left out,
neither counted nor listed, are: inputs and outputs, nodes marked precise, and the tail, which is what lies behind the
last Convolution, FullyConnected, MatMul or the like on the way to a result. What remains are the candidates.

  OV_CPU_INFER_PRC_POS_PATTERN  only nodes whose Type@name this regular expression finds
  OV_CPU_INFER_PRC_NEG_PATTERN  none of those that this one finds
  OV_CPU_INFER_PRC_CNT          of these the first k+1 (k negative: none; no number: one)

A variable that is set and empty counts as set: an empty POS finds everything, an empty NEG excludes everything. The
body of an If, Loop or TensorIterator is a graph with a count of its own.

An enforced node has reduced f32 ports: inputs, but not weights, nor a model input into an elementwise node; and
outputs, but not those that feed a result. Nodes that are fused compute as one unit whose first node decides: its
inputs and weights are rounded, sums are f32, the output is rounded where the last node's output port is reduced.
Rounding is to the nearest, ties to even; f16 overflows to infinity.

run obeys the variables of the environment, check obeys them with --from-env, bisect warns and ignores them.`

const helpSamples = `What --input takes

Repeatable; each is one sample, and all must meet the rules.

  x.npz                    the arrays of all inputs, by their names
  x.npy                    the array of the only input
  samples/                 a folder: a sample for each .npz or .npy in it, by name
  ids=i.npy,mask=m.npy     an array for each input
  random, random:7         generated, of seed 0 or 7

An .npz whose arrays are called exactly input_0, input_1, ... or arr_0, arr_1, ... is taken by position, with a note. Types
are converted where no value changes, with a note; bf16 arrays are numpy's V2. A model of dynamic shapes takes those of
the sample, or of --shape NAME=1,64.

A model that keeps state takes a folder of step-000.npz, step-001.npz, ... as one sample: its runs follow one another.

random is N(0,1) for floats; integers lie below the size of what they index, else they are 0 or 1; masks are 1. A
network may break on random data, or not, for reasons that real data does not have: save what your program feeds it.

  numpy.savez("x.npz", ids=ids, mask=mask)

With --reference FILE, one for each sample, the outputs to compare with are those of the file, not of a run in f32.`

const helpPatterns = `How nodes are selected

A pattern is a regular expression of C++'s std::regex in its ECMAScript grammar, searched (not matched) in the bytes
of Type@name, case-sensitive: FullyConnected@__module.lm_head/aten::linear/MatMul.

  ^Softmax@                        every Softmax
  layers\.(3|7)\.mlp               the MLPs of the layers 3 and 7
  layers\.(\d+)\.input_layernorm   that of every layer
  [@,]conv1(,|$)                   conv1 alone or fused with others, but not conv10
  (?!)                             nothing

A pattern that is no regular expression is an error with the place marked, and exit status 2. The patterns that bisect
writes are compared with the tags of all candidates before they are shown.`

const helpViews = `What counts as a node

  plugin    the graph of OpenVINO 2026's CPU plugin after its own transformations (RMS, RoPE, MVN, Gelu and the like are
            one node each), with snippets off. Nodes that it executes as one are one unit. The default.
  plain     the operations of the file; MatMul with constant weights becomes FullyConnected, which takes a bias Add
            along and with it its name. Every other node is its own unit. Debug builds of small models list these.

Where a model leaves shapes open and no --shape NAME=1,64 is given, it is shown with the shapes of the sample, as one that is
compiled for them. --dynamic shows it as the plugin compiles it when it is not told any: what computes shapes stays, little
is folded, and snippets make one node of attention alone. A step that needs a shape that is not known leaves its nodes as they are.

A graph that the plugin exported itself can be given as the model; then its nodes are exact. A pattern on the path of a
module carries over from view to view, a count does not. The result names the view that it was found in.`

const helpEngines = `What runs the model

  builtin   halfway itself, in Go, by the rules of OpenVINO's CPU plugin. The default.
  openvino  your OpenVINO, any release from 2024.6 on, through Python: what ships. Needs a processor with bf16 and
            'pip install openvino'; --python or HALFWAY_PYTHON names the interpreter.
  onnxruntime  your ONNX Runtime, through Python likewise ('pip install onnxruntime'): ONNX models in f32.
  command   a program of yours: a debug build of OpenVINO, a script around a runtime, another machine.

  halfway bisect model.xml --input x.npz --engine command --run 'python run.py {model} {input} {output}'

openvino exports the compiled model once and imports it for each probe, with the nodes to keep marked in its XML, so
nodes, names and order are the plugin's own. --view plugin runs it with SNIPPETS_MODE=DISABLE, --view snippets in its
default mode; what the result needs is in its properties. 'halfway bisect --confirm openvino' searches with the
built-in engine, runs the answer there in the default mode, and searches there only where the answer does not hold.
A node that breaks the rules there alone, by far more than rounding explains, is said to have a suspect kernel.
'halfway patch' writes the repaired model for such a release, which takes no variables: an IR in which the nodes to keep
are marked, in your own layers or in the plugin's graph in public operations. It is run as it ships before it is written.
By a result for f16 it writes an ONNX model in f16 with islands of f32.

onnxruntime shows the nodes of the built-in engine, and runs each probe as the ONNX model with pairs of Casts, from f32
to bf16 or f16 and back, where enforcement rounds; between them it computes in f32. Below opset 13, whose Cast has no
bf16, the same rounding is done in f64.

A program runs once for every probe. It finds the settings in the variables OV_CPU_INFER_PRC_*, which are always set
or unset for it, prints the listing of a debug build on standard output, and gives its result as one of

  outputs    an .npz or .npy at {output}; --accept judges them
  a number   --metric-regex 'loss=(\S+)' --accept 'value<=0.1'
  a status   --status: 0 good, 125 no answer, any other bad

{model}, {input}, {output} and {precision} are also in HALFWAY_MODEL, HALFWAY_INPUT, HALFWAY_OUTPUT and
HALFWAY_PRECISION. No shell is involved unless --shell asks for one. --timeout bounds a probe; a crash or a timeout
counts neither as good nor as bad. --jobs N runs several probes at once; the other engines have nothing to gain by it:
one probe uses all processors, and the built-in engine takes over what earlier ones computed.

--launcher COMMAND is put before the program. With 'srun -n1' each probe is a job of a Slurm cluster: its nodes must see
the model and the temporary files (set TMPDIR to a folder that they share) and get the variables (not with
SLURM_EXPORT_ENV=NONE), and --timeout counts the time in the queue too. Probes are steps of one allocation, which start
sooner, with

  salloc -n2 halfway bisect ... --launcher 'srun -n1 --exact' --jobs 2

At a timeout, an interrupt, or the death of halfway itself the launcher is sent SIGTERM, by which srun ends its job.
What is still there after 10 seconds is killed.

openvino and onnxruntime: a worker that dies, hangs or answers nonsense spoils one probe. One that dies after it served
others may do so for their sake, so that probe is run once more by a new worker.`
