package ops

import (
	"cmp"
	"math"
	"slices"

	"halfway/engine/kernel"
	"halfway/engine/tensor"
)

// A detection is a prior that is predicted to hold an object of a class.
type detection[T real] struct {
	class, prior int
	score        T
}

// ssd is one evaluation.
type ssd[T real] struct {
	*detectionOutput
	ssdSizes
	offsets, scores, boxes      []T
	refineScores, refineOffsets []T  // nil without inputs 3 and 4
	ownPriors                   bool // every image has its own
}

func detect[T real](o *detectionOutput, w *kernel.Workers, in []Operand, out *tensor.Tensor) error {
	sizes, err := o.sizes(mapValues(in, func(t Operand) []int { return t.Shape }))
	if err != nil {
		return err
	}
	data := func(i int) []T { return tensor.Data[T](in[i].Tensor) }
	s := &ssd[T]{detectionOutput: o, ssdSizes: sizes, offsets: data(0), scores: data(1), boxes: data(2), ownPriors: in[2].Shape[0] != 1}
	if len(in) == 5 {
		s.refineScores, s.refineOffsets = data(3), data(4)
	}
	rows := make([][]T, s.images)
	w.For(s.images, 1, func(lo, hi int) {
		for n := lo; n < hi; n++ {
			rows[n] = s.image(n)
		}
	})
	dst := tensor.Data[T](out)
	for _, r := range rows {
		dst = dst[copy(dst, r):]
	}
	clear(dst)
	if len(dst) > 0 {
		dst[0] = -1
	}
	return nil
}

// image returns the rows of image n.
func (s *ssd[T]) image(n int) []T {
	corners, variances := s.imagePriors(n)
	boxes := s.decode(n, corners, variances)
	perClass := make([][]detection[T], s.classes)
	total := 0
	for _, d := range s.candidates(n, s.actualPriors(corners)) {
		if !s.suppressed(d, perClass[d.class], boxes[d.class%s.locations]) {
			perClass[d.class] = append(perClass[d.class], d)
			total++
		}
	}
	kept := slices.Concat(perClass...)
	if s.keepTopK >= 0 && total > s.keepTopK {
		slices.SortStableFunc(kept, func(a, b detection[T]) int {
			return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.prior, b.prior))
		})
		kept = kept[:s.keepTopK]
		slices.SortStableFunc(kept, func(a, b detection[T]) int { return cmp.Compare(a.class, b.class) })
	}
	return s.rows(n, kept, boxes)
}

// rows writes detections as rows of the output.
func (s *ssd[T]) rows(n int, kept []detection[T], boxes [][][4]T) []T {
	rows := make([]T, 0, 7*len(kept))
	for _, d := range kept {
		label, box := d.class, boxes[d.class%s.locations][d.prior]
		if s.decreaseLabel {
			label--
		}
		if s.clipAfter {
			clipBox(box[:])
		}
		rows = append(rows, T(n), T(label), d.score, box[0], box[1], box[2], box[3])
	}
	return rows
}

// imagePriors returns the corners and the variances of the priors of image n; variances is nil when they are encoded in the target.
func (s *ssd[T]) imagePriors(n int) (corners, variances []T) {
	size := s.priors * s.priorSize()
	stride := 2 * size
	if s.varianceInTarget {
		stride = size
	}
	if !s.ownPriors {
		n = 0
	}
	p := s.boxes[n*stride:][:stride]
	return p[:size], p[size:]
}

// actualPriors is the number of priors before the first whose image id is -1.
func (s *ssd[T]) actualPriors(corners []T) int {
	if !s.normalized {
		for p := range s.priors {
			if corners[5*p] == -1 {
				return p
			}
		}
	}
	return s.priors
}

// score is the score of a class at a prior of image n; where the refinement sees no object it is that of background.
func (s *ssd[T]) score(n, prior, class int) T {
	i := n*s.priors + prior
	if s.refineScores == nil || !(s.refineScores[2*i+1] < T(s.objectness)) {
		return s.scores[i*s.classes+class]
	}
	if class == s.background {
		return 1
	}
	return 0
}

// candidates lists what may be kept, best first: for every class its priors above the confidence threshold, at most topK; or, where labels
// are decreased (MXNet), for every prior its best class, at most topK in all.
func (s *ssd[T]) candidates(n, priors int) []detection[T] {
	var all []detection[T]
	if s.decreaseLabel {
		for p := range priors {
			if d, ok := s.bestClass(n, p); ok {
				all = append(all, d)
			}
		}
		return s.top(all)
	}
	for c := range s.classes {
		if c == s.background {
			continue
		}
		var list []detection[T]
		for p := range priors {
			if score := s.score(n, p, c); score > T(s.confidence) {
				list = append(list, detection[T]{c, p, score})
			}
		}
		all = append(all, s.top(list)...)
	}
	return all
}

func (s *ssd[T]) bestClass(n, prior int) (best detection[T], ok bool) {
	best.score = -1
	for c := 1; c < s.classes; c++ {
		if score := s.score(n, prior, c); score >= T(s.confidence) && score > best.score {
			best, ok = detection[T]{c, prior, score}, true
		}
	}
	return best, ok
}

func (s *ssd[T]) top(list []detection[T]) []detection[T] {
	slices.SortFunc(list, func(a, b detection[T]) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.class, b.class), cmp.Compare(a.prior, b.prior))
	})
	if s.topK >= 0 && len(list) > s.topK {
		list = list[:s.topK]
	}
	return list
}

// suppressed reports whether d overlaps too much with a detection that is kept.
func (s *ssd[T]) suppressed(d detection[T], kept []detection[T], boxes [][4]T) bool {
	for _, k := range kept {
		if overlap(boxes[d.prior], boxes[k.prior]) > T(s.nmsThreshold) {
			return true
		}
	}
	return false
}

// overlap is the intersection over the union of two boxes.
func overlap[T real](a, b [4]T) T {
	width := min(a[2], b[2]) - max(a[0], b[0])
	height := min(a[3], b[3]) - max(a[1], b[1])
	if !(width > 0 && height > 0) {
		return 0
	}
	both := T(width * height)
	return both / (T((a[2]-a[0])*(a[3]-a[1])) + T((b[2]-b[0])*(b[3]-b[1])) - both)
}

// decode returns the predicted corners of every prior of image n, for each class that has its own.
func (s *ssd[T]) decode(n int, corners, variances []T) [][][4]T {
	first, stride := 0, 4
	if !s.normalized {
		first, stride = 1, 5
	}
	boxes := make([][][4]T, s.locations)
	for l := range boxes {
		if !s.shared && l == s.background {
			continue
		}
		boxes[l] = make([][4]T, s.priors)
		for p := range boxes[l] {
			i := 4 * ((n*s.priors+p)*s.locations + l)
			var variance []T
			if !s.varianceInTarget {
				variance = variances[4*p:][:4]
			}
			box := [4]T(corners[p*stride+first:])
			if s.refineOffsets != nil {
				box = s.move(box, s.refineOffsets[i:][:4], variance)
			}
			boxes[l][p] = s.move(box, s.offsets[i:][:4], variance)
		}
	}
	return boxes
}

// move applies predicted offsets to a box. A box in pixels is divided by the image's size first, and a refined box once more.
func (s *ssd[T]) move(box [4]T, offset, variance []T) [4]T {
	if !s.normalized {
		width, height := T(s.inputWidth), T(s.inputHeight)
		box = [4]T{box[0] / width, box[1] / height, box[2] / width, box[3] / height}
	}
	scaled := [4]T(offset)
	for i, v := range variance {
		scaled[i] = T(v * offset[i])
	}
	if s.centerSize {
		box = moveCenter(box, scaled)
	} else {
		for i := range box {
			box[i] += scaled[i]
		}
	}
	if s.clipBefore {
		clipBox(box[:])
	}
	return box
}

func moveCenter[T real](box, offset [4]T) [4]T {
	width, height := box[2]-box[0], box[3]-box[1]
	x := T(offset[0]*width) + (box[0]+box[2])/2
	y := T(offset[1]*height) + (box[1]+box[3])/2
	width = T(T(math.Exp(float64(offset[2]))) * width)
	height = T(T(math.Exp(float64(offset[3]))) * height)
	return [4]T{x - width/2, y - height/2, x + width/2, y + height/2}
}
