package graph

import "strings"

// CPUType is the type by which the plugin lists a node of operation op (openvino-semantics, section 3). Operations that the plugin has no
// node for run as "Reference".
func CPUType(op string) string {
	if t, ok := cpuTypes[strings.ToLower(op)]; ok {
		return t
	}
	return "Reference"
}

// cpuTypes maps the lower-case operation name to the CPU type.
var cpuTypes = func() map[string]string {
	m := map[string]string{}
	for _, row := range cpuTypeRows {
		for _, op := range strings.Fields(row.ops) {
			m[strings.ToLower(op)] = row.cpu
		}
	}
	for _, t := range strings.Fields(sameName) {
		m[strings.ToLower(t)] = t
	}
	return m
}()

var cpuTypeRows = []struct{ cpu, ops string }{
	{"Input", "Constant Parameter"},
	{"Output", "Result"},
	{"MemoryInput", "ReadValue ReadValueWithSubgraph"},
	{"MemoryOutput", "Assign"},
	{"Convolution", "Convolution GroupConvolution"},
	{"Deconvolution", "ConvolutionBackpropData GroupConvolutionBackpropData"},
	{"MatMul", "MatMul"},
	{"FullyConnected", "FullyConnected FullyConnectedCompressed FullyConnectedQuantizedLegacy FullyConnectedQuantized"},
	{"Pooling", "MaxPool AvgPool"},
	{"AdaptivePooling", "AdaptiveMaxPool AdaptiveAvgPool"},
	{"Eltwise", `Add Subtract Multiply Divide SquaredDifference Maximum Minimum Mod FloorMod Power PowerStatic IsFinite IsInf IsNaN
		Equal NotEqual Greater GreaterEqual Less LessEqual LogicalAnd LogicalOr LogicalXor LogicalNot Relu LeakyRelu PRelu Gelu Elu Tanh
		Sigmoid Abs Sqrt Clamp Exp Log Erf ErfInv SwishCPU Swish HSwish Mish HSigmoid Round SoftPlus SoftSign Select Ceiling Floor Negative
		BitwiseAnd BitwiseNot BitwiseOr BitwiseXor BitwiseLeftShift BitwiseRightShift`},
	{"Math", "Acos Acosh Asin Asinh Atan Atanh Ceil Cos Cosh HardSigmoid Reciprocal Selu Sign Sin Sinh Tan"},
	{"Reduce", `ReduceL1 ReduceL2 ReduceLogicalAnd ReduceLogicalOr ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceLogSum
		ReduceLogSumExp ReduceSumSquare`},
	{"Reshape", "Reshape Squeeze Unsqueeze"},
	{"Split", "Split VariadicSplit"},
	{"Concatenation", "Concat"},
	{"StridedSlice", "StridedSlice Slice SliceScatter"},
	{"Softmax", "Softmax"},
	{"LogSoftmax", "LogSoftmax"},
	{"Lrn", "LRN"},
	{"Gather", "Gather GatherCompressed"},
	{"RNNCell", "LSTMCell GRUCell AUGRUCell RNNCell"},
	{"RNNSeq", "LSTMSequence GRUSequence AUGRUSequence RNNSequence"},
	{"TensorIterator", "TensorIterator Loop"},
	{"ColorConvert", "NV12toRGB NV12toBGR I420toRGB I420toBGR"},
	{"DFT", "DFT IDFT"},
	{"RDFT", "RDFT IRDFT"},
	{"PSROIPooling", "PSROIPooling DeformablePSROIPooling"},
	{"NonMaxSuppression", "NonMaxSuppression NonMaxSuppressionIEInternal NMSRotated"},
	{"MulticlassNms", "MulticlassNms MulticlassNmsIEInternal"},
	{"EmbeddingBagPacked", "EmbeddingBagPackedSum EmbeddingBagPacked"},
	{"EmbeddingBagOffsets", "EmbeddingBagOffsetsSum EmbeddingBagOffsets"},
	{"ScaledDotProductAttention", "ScaledDotProductAttention ScaledDotProductAttentionWithKVCache SDPAWithTransposeReshape"},
	{"PagedAttention", "PagedAttentionExtension"},
	{"RMS", "RMS"},
	{"LoRA", "LoraSubgraph"},
	{"GatherMatmul", "GatherMatmul GatherMatmulCompressed"},
}

const sameName = `Eye SegmentMax ShapeOf NonZero Reorder BatchToSpace SpaceToBatch DepthToSpace SpaceToDepth SparseFillEmptyRows Roll Tile
	ROIAlign ROIAlignRotated ROIPooling Pad Transpose FakeQuantize BinaryConvolution DeformableConvolution Convert Col2Im MVN NormalizeL2
	ScatterUpdate ScatterElementsUpdate ScatterNDUpdate StringTensorPack StringTensorUnpack Interpolate RandomUniform Broadcast
	EmbeddingSegmentsSum GatherElements GatherND GridSample OneHot RegionYolo ShuffleChannels ISTFT STFT If CTCLoss Bucketize
	CTCGreedyDecoder CTCGreedyDecoderSeqLen CumSum DetectionOutput ExperimentalDetectronDetectionOutput
	ExperimentalDetectronGenerateProposalsSingleImage ExperimentalDetectronPriorGridGenerator ExperimentalDetectronROIFeatureExtractor
	ExperimentalDetectronTopKROIs TopK GatherTree GRN Range Proposal ReorgYolo ReverseSequence ExtractImagePatches GenerateProposals
	Identity Inverse MatrixNms Multinomial Reference Subgraph SubModel PriorBox PriorBoxClustered Interaction Unique Ngram PaKVReorder
	RoPE CausalMaskPreprocess LLMMLP QKVProjection SearchSorted GatedDeltaNet`
