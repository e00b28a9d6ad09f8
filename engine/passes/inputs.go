package passes

import (
	"fmt"
	"strings"

	"halfway/engine/graph"
)

// leastInputs are the inputs that operations have at least, by OpenVINO's specification of each: rules look at them without asking. What is not
// listed has one or none, and rules ask.
var leastInputs = map[string]int{}

func init() {
	for n, list := range map[int]string{
		1: "Abs Acos Acosh Asin Asinh Atan Atanh AvgPool BatchToSpace Ceiling Clamp Concat Convert Cos Cosh DepthToSpace Elu Erf Exp Floor Gelu HSigmoid " +
			"HSwish LRN Log LogSoftmax LogicalNot MaxPool Mish Negative NonZero Relu ReorgYolo Round ShapeOf ShuffleChannels Sigmoid Sign Sin Sinh SoftPlus " +
			"SoftSign Softmax SpaceToDepth Sqrt Squeeze Swish Tan Tanh MVN NormalizeL2 Assign Result",
		2: "Add AdaptiveAvgPool AdaptiveMaxPool BinaryConvolution BitwiseAnd BitwiseOr BitwiseXor Broadcast Convolution ConvolutionBackpropData ConvertLike " +
			"CumSum DFT Divide Equal FloorMod FullyConnected GatherElements GatherND Greater GreaterEqual GridSample GroupConvolution " +
			"GroupConvolutionBackpropData IDFT IRDFT Less LessEqual LogicalAnd LogicalOr LogicalXor MatMul Maximum Minimum Mod Multiply NotEqual " +
			"PRelu Power RDFT ReduceL1 ReduceL2 ReduceLogicalAnd ReduceLogicalOr ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum Reshape " +
			"Reverse Split SquaredDifference Subtract Tile TopK Transpose Unsqueeze",
		3: "Gather HardSigmoid Pad Range Roll ScaledDotProductAttention ScatterNDUpdate Select Selu StridedSlice VariadicSplit",
		4: "GRUCell OneHot ScatterElementsUpdate ScatterUpdate Slice",
		5: "BatchNormInference FakeQuantize",
		6: "GRUSequence LSTMCell RNNSequence",
		7: "LSTMSequence",
	} {
		for op := range strings.FieldsSeq(list) {
			leastInputs[op] = n
		}
	}
}

// checkInputs fails for nodes with fewer inputs than their operation has.
func checkInputs(g *graph.Graph) error {
	for _, n := range g.Nodes {
		if want := leastInputs[n.Op]; len(n.In) < want {
			return fmt.Errorf("%s: node %q (%s): it has %d inputs, expected at least %d", g.File, n.Name, n.Op, len(n.In), want)
		}
		for _, b := range n.Bodies {
			if err := checkInputs(b.Graph); err != nil {
				return err
			}
		}
	}
	return nil
}
