package kernel

import (
	"math"
	"math/bits"
	"math/cmplx"

	"gonum.org/v1/gonum/dsp/fourier"
)

// A Fourier is the discrete Fourier transform of sequences of one length, in f64. It has memory of its own: one goroutine at a time.
type Fourier struct {
	n   int
	fft *fourier.CmplxFFT

	chirp, spectrum, work []complex128 // of Bluestein's algorithm
}

// FourierBytes is the memory that a Fourier and a sequence take for each element, at most: five times the up to four times longer sequence of
// Bluestein's algorithm, and some of the length itself.
const FourierBytes = 16 * (5*4 + 4)

// maxFactor is the largest prime factor that gonum's mixed-radix transform, which is quadratic in it, is used for.
const maxFactor = 128

// NewFourier prepares transforms of n elements, which take O(n log n) steps for any n.
func NewFourier(n int) *Fourier {
	t := &Fourier{n: n}
	if largestFactor(n) <= maxFactor {
		t.fft = fourier.NewCmplxFFT(max(n, 1))
		return t
	}
	t.bluestein()
	return t
}

func largestFactor(n int) int {
	largest := 1
	for f := 2; f*f <= n; f++ {
		for n%f == 0 {
			largest, n = f, n/f
		}
	}
	return max(largest, n)
}

// bluestein prepares a transform as a convolution with a chirp, by transforms of a power of two (Bluestein 1970).
func (t *Fourier) bluestein() {
	m := 1 << bits.Len(uint(2*t.n-2))
	t.fft = fourier.NewCmplxFFT(m)
	t.chirp, t.work = make([]complex128, t.n), make([]complex128, m)
	response := make([]complex128, m)
	for k := range t.chirp {
		square := int(uint64(k) * uint64(k) % uint64(2*t.n))
		t.chirp[k] = cmplx.Rect(1, -math.Pi*float64(square)/float64(t.n))
		response[k] = cmplx.Conj(t.chirp[k])
		if k > 0 {
			response[m-k] = response[k]
		}
	}
	t.spectrum = t.fft.Coefficients(nil, response)
}

// Forward transforms x in place.
func (t *Fourier) Forward(x []complex128) {
	if t.chirp == nil {
		t.fft.Coefficients(x, x)
		return
	}
	clear(t.work)
	for k, c := range t.chirp {
		t.work[k] = x[k] * c
	}
	t.fft.Coefficients(t.work, t.work)
	for k, s := range t.spectrum {
		t.work[k] *= s
	}
	t.fft.Sequence(t.work, t.work)
	for k, c := range t.chirp {
		x[k] = t.work[k] * c / complex(float64(len(t.work)), 0)
	}
}

// Inverse undoes Forward, in place.
func (t *Fourier) Inverse(x []complex128) {
	for i, v := range x {
		x[i] = cmplx.Conj(v)
	}
	t.Forward(x)
	for i, v := range x {
		x[i] = cmplx.Conj(v) / complex(float64(t.n), 0)
	}
}

// Interleave writes the real and imaginary parts of x to dst, one after the other.
func Interleave[T float32 | float64](dst []T, x []complex128) {
	for i, v := range x {
		dst[2*i], dst[2*i+1] = T(real(v)), T(imag(v))
	}
}

// RealParts writes the real parts of x to dst.
func RealParts[T float32 | float64](dst []T, x []complex128) {
	for i, v := range x {
		dst[i] = T(real(v))
	}
}
