package load

import "fmt"

// A soakCurve is one figure over time.
type soakCurve struct {
	label
	figure func(sample) float64
	most   float64 // the top of its scale, which begins at 0
}

func (r *result) soakCurves() []soakCurve {
	curves := []soakCurve{
		{label{"resident memory", "#c23030"}, func(s sample) float64 { return float64(s.rss) }, 1},
		{label{"live heap", "#d9822b"}, func(s sample) float64 { return float64(s.liveHeap) }, 1},
		{label{"live heap besides the orders and events kept", "#2f8f4e"}, func(s sample) float64 { return float64(r.besidesKept(s)) }, 1},
		{label{"goroutines (right)", "#3b76af"}, func(s sample) float64 { return float64(s.goroutines) }, 1},
	}
	memory, goroutines := &curves[0], &curves[3]
	for _, s := range r.samples {
		memory.most = max(memory.most, memory.figure(s))
		goroutines.most = max(goroutines.most, goroutines.figure(s))
	}
	curves[1].most, curves[2].most = memory.most, memory.most
	return curves
}

// drawSoak shows how memory and goroutines went.
func (r *result) drawSoak(d *drawing) {
	d.frame(plotLeft, soakTop, plotRight, soakLow)
	r.drawSeconds(d, soakLow)
	curves := r.soakCurves()
	var labels []label
	for _, c := range curves {
		var points []point
		for _, s := range r.samples {
			part := min(max(c.figure(s)/c.most, 0), 1)
			points = append(points, point{r.x(s.at), soakLow - part*(soakLow-soakTop)})
		}
		d.curve(points, c.colour)
		labels = append(labels, c.label)
	}
	d.legend(plotLeft, soakTop-12, labels)
	d.text(plotLeft-6, soakTop+10, "end", megabytes(int64(curves[0].most)))
	d.text(plotLeft-6, soakLow, "end", "0")
	d.text(plotRight+6, soakTop+10, "start", fmt.Sprintf("%.0f", curves[3].most))
	d.text(plotRight+6, soakLow, "start", "0")
}
