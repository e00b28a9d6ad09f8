package passes

// firstDecompositions are those before linearOps. Source: MOCTransformations.
var firstDecompositions = rules(map[string][]rule{
	"BatchNormInference": {batchNorm},
	"Divide":             {divide(true)},
	"Subtract":           {negateSubtrahend(true)},
	"Negative":           {negate},
})

// beforeAll takes away what only says the same in another way.
var beforeAll = rules(map[string][]rule{"Identity": {identity}})

// commonDecompositions are those of CommonOptimizations.
var commonDecompositions = rules(map[string][]rule{
	"Divide":                    {divide(false)},
	"Subtract":                  {negateSubtrahend(false)},
	"Negative":                  {negate},
	"BatchNormInference":        {batchNorm},
	"ConvertLike":               {convertLike},
	"LogSoftmax":                {logSoftmax},
	"Einsum":                    {einsum},
	"MVN":                       {decomposeMVN},
	"NormalizeL2":               {decomposeNormalizeL2},
	"GRUSequence":               {unidirectional},
	"LSTMSequence":              {unidirectional},
	"RNNSequence":               {unidirectional},
	"ScaledDotProductAttention": {decomposeAttention},
})

// groupNormalizations come behind the elimination of what does nothing: their scales of 1 and shifts of 0 stay.
var groupNormalizations = rules(map[string][]rule{"GroupNormalization": {groupNorm}})

// commonFusions find what a file spells out. Source: CommonFusions of MOCTransformations.
var commonFusions = rules(map[string][]rule{
	"Log":              {softPlus},
	"Multiply":         {mish, swish, hswish, hsigmoid, mvn, gelu, divideFusion},
	"Divide":           {swishDivide, hsigmoid, normalizeL2, softmax, mvn},
	"Minimum":          {clampOfBounds},
	"Maximum":          {clampOfBounds, leaky},
	"Add":              {mvnInside, subtractFusion},
	"Convolution":      {padFusion},
	"GroupConvolution": {padFusion},
	"AvgPool":          {padFusion},
	"Transpose":        {transposeOfOnes},
	"Reshape":          {shuffleChannels, depthToSpace, reduceOfReshape, joinReshapes},
})
