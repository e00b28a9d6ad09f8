package tensor

// Raw is a constant as its file stores it: little-endian elements, types narrower than a byte packed. Bytes usually lies in a Mapping, so
// reading it happens under Mapping's guard.
type Raw struct {
	Type  DType
	Shape []int
	Bytes []byte
}
