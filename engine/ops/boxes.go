package ops

import "math"

// overlapCorners is the intersection over the union of boxes given by two opposite corners, y before x; NaN when both are empty.
func overlapCorners(a, b []float32) float32 {
	return overlapOrdered(ordered(a), ordered(b), 0)
}

// ordered makes the lower corner the first.
func ordered(b []float32) []float32 {
	return []float32{min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]), max(b[1], b[3])}
}

// overlapCenters is the same for boxes given by centre, width and height.
func overlapCenters(a, b []float32) float32 {
	return overlapOrdered(centered(a), centered(b), 0)
}

func centered(b []float32) []float32 {
	w, h := b[2]/2, b[3]/2
	return []float32{b[0] - w, b[1] - h, b[0] + w, b[1] + h}
}

// overlapOrdered is the same for boxes given by their lower and upper corner; pixel is 1 where the upper one belongs to the box, else 0.
func overlapOrdered(a, b []float32, pixel float32) float32 {
	areaA := (a[2] - a[0] + pixel) * (a[3] - a[1] + pixel)
	areaB := (b[2] - b[0] + pixel) * (b[3] - b[1] + pixel)
	both := max(min(a[2], b[2])-max(a[0], b[0])+pixel, 0) * max(min(a[3], b[3])-max(a[1], b[1])+pixel, 0)
	return both / (areaA + areaB - both)
}

type point struct{ x, y float64 }

// overlapRotated is the same for boxes given by centre, width, height and angle in radians, clockwise where sign is 1.
func overlapRotated(a, b []float32, sign float32) float32 {
	areaA, areaB := float64(a[2])*float64(a[3]), float64(b[2])*float64(b[3])
	if areaA < 1e-14 || areaB < 1e-14 {
		return 0
	}
	both := polygonArea(clipPolygon(rotatedCorners(a, sign), rotatedCorners(b, sign)))
	return float32(both / (areaA + areaB - both))
}

// rotatedCorners lists the corners counterclockwise.
func rotatedCorners(b []float32, sign float32) []point {
	sin, cos := math.Sincos(float64(sign * b[4]))
	w, h := float64(b[2])/2, float64(b[3])/2
	corners := []point{{-w, -h}, {w, -h}, {w, h}, {-w, h}}
	for i, c := range corners {
		corners[i] = point{float64(b[0]) + c.x*cos - c.y*sin, float64(b[1]) + c.x*sin + c.y*cos}
	}
	return corners
}

// clipPolygon is the part of subject inside the convex polygon clip (Sutherland and Hodgman 1974).
func clipPolygon(subject, clip []point) []point {
	for i, from := range clip {
		to := clip[(i+1)%len(clip)]
		side := func(p point) float64 { return (to.x-from.x)*(p.y-from.y) - (to.y-from.y)*(p.x-from.x) }
		var inside []point
		for j, p := range subject {
			q := subject[(j+1)%len(subject)]
			sp, sq := side(p), side(q)
			if sp >= 0 {
				inside = append(inside, p)
			}
			if sp > 0 && sq < 0 || sp < 0 && sq > 0 {
				t := sp / (sp - sq)
				inside = append(inside, point{p.x + t*(q.x-p.x), p.y + t*(q.y-p.y)})
			}
		}
		subject = inside
	}
	return subject
}

func polygonArea(p []point) float64 {
	twice := 0.0
	for i, a := range p {
		b := p[(i+1)%len(p)]
		twice += a.x*b.y - b.x*a.y
	}
	return math.Abs(twice) / 2
}
