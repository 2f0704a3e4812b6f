package load

import (
	"fmt"
	"math"
	"time"
)

// The picture, in pixels.
const (
	plotWidth  = 1000
	plotLeft   = 70
	plotRight  = plotWidth - 90
	panelTop   = 50
	panelLow   = 430 // where the panel of latencies ends
	stripLow   = 470 // where the strip of faults ends
	soakTop    = 530
	soakLow    = 730
	mostDots   = 20_000 // more requests than this are shown by their percentiles alone
	fastest    = time.Millisecond
	slowest    = 10 * time.Second
	dotOpacity = "0.35"
)

// colour returns the colour of a verdict, a fault or a percentile.
func colour(of string) string {
	switch of {
	case string(created), string(replayed):
		return "#3b76af"
	case string(unavailable), string(rejected), string(serverError), string(badGateway), string(rateLimit):
		return "#d9822b"
	case string(stall), string(throttle), string(cold):
		return "#8458a6"
	case "p50":
		return "#1b3a57"
	case "p99":
		return "#2f8f4e"
	}
	return "#c23030" // invalid responses, none, resets, outages
}

// plot returns an SVG of latency over time: every request a dot, the percentiles of every second,
// and the faults below. A soak's shows memory and goroutines as well.
func (r *run) plot() []byte {
	height := stripLow + 40
	if r.soak {
		height = soakLow + 40
	}
	d := newDrawing(plotWidth, height)
	title := fmt.Sprintf("%s: %s; %d orders a second, p99 %s", r.scenario.name, r.scenario.what, r.rate, ms(r.latencies().at(0.99)))
	d.text(plotLeft, 22, "start", title)
	r.drawLatencies(d)
	r.drawFaults(d)
	if r.soak && len(r.samples) > 1 {
		r.drawSoak(d)
	}
	return d.end()
}

// x returns where a time is; one outside of the run is at its edge.
func (r *run) x(at time.Time) float64 {
	part := min(max(float64(at.Sub(r.start))/float64(r.length), 0), 1)
	return plotLeft + part*(plotRight-plotLeft)
}

// yOf returns where a latency is, on a logarithmic scale.
func yOf(took time.Duration) float64 {
	took = min(max(took, fastest), slowest)
	part := math.Log(float64(took)/float64(fastest)) / math.Log(float64(slowest)/float64(fastest))
	return panelLow - part*(panelLow-panelTop)
}

func (r *run) drawLatencies(d *drawing) {
	d.frame(plotLeft, panelTop, plotRight, panelLow)
	for tick := fastest; tick <= slowest; tick *= 10 {
		d.line(plotLeft, yOf(tick), plotRight, yOf(tick), "#dddddd", "")
		d.text(plotLeft-6, yOf(tick)+4, "end", ms(tick))
	}
	r.drawSeconds(d, stripLow)
	if r.scenario.bar.p99 > 0 {
		d.line(plotLeft, yOf(r.scenario.bar.p99), plotRight, yOf(r.scenario.bar.p99), "#888888", "6 4")
		d.text(plotRight+4, yOf(r.scenario.bar.p99)+4, "start", "bar "+ms(r.scenario.bar.p99))
	}
	labels := []label{{"p50", colour("p50")}, {"p99", colour("p99")}}
	if len(r.responses) <= mostDots {
		for _, v := range []verdict{created, replayed, rejected, unavailable, invalid, unanswered} {
			if r.count(v) > 0 {
				r.drawDots(d, v)
				labels = append(labels, label{string(v), colour(string(v))})
			}
		}
	}
	bySecond := r.bySecond()
	d.curve(r.overTime(bySecond, 0.5), colour("p50"))
	d.curve(r.overTime(bySecond, 0.99), colour("p99"))
	d.legend(plotLeft, panelTop-12, labels)
}

// drawSeconds writes the time below a panel, in about ten steps.
func (r *run) drawSeconds(d *drawing, low float64) {
	step := max(r.length/10, time.Second).Round(time.Second)
	for at := time.Duration(0); at <= r.length; at += step {
		d.text(r.x(r.start.Add(at)), low+16, "middle", fmt.Sprintf("%.0f s", at.Seconds()))
	}
}

func (r *run) drawDots(d *drawing, v verdict) {
	var dots []point
	for _, each := range r.responses {
		if each.verdict == v {
			dots = append(dots, point{r.x(each.due), yOf(each.latency)})
		}
	}
	d.dots(dots, colour(string(v)))
}

// bySecond returns the latencies of the requests that were due in each second.
func (r *run) bySecond() []latencies {
	all := make([]latencies, int(math.Ceil(r.length.Seconds())))
	for _, each := range r.responses {
		if second := int(each.due.Sub(r.start) / time.Second); second >= 0 && second < len(all) {
			all[second] = append(all[second], each.latency)
		}
	}
	return all
}

func (r *run) overTime(seconds []latencies, share float64) (points []point) {
	for i, l := range seconds {
		middle := time.Duration(i)*time.Second + time.Second/2
		points = append(points, point{r.x(r.start.Add(middle)), yOf(l.at(share))})
	}
	return points
}

// drawFaults marks every fault in the strip, and an outage in the panel above as well.
func (r *run) drawFaults(d *drawing) {
	if from, to := r.scenario.window.between(r.length); to > 0 {
		d.band(r.x(r.start.Add(from)), panelTop, r.x(r.start.Add(to)), stripLow, colour(string(silence)))
	}
	d.frame(plotLeft, panelLow, plotRight, stripLow)
	d.text(plotLeft-6, (panelLow+stripLow)/2+4, "end", "faults")
	ticks := map[faultKind][]point{}
	for _, f := range r.faults {
		ticks[f.kind] = append(ticks[f.kind], point{r.x(f.at), panelLow + 4})
	}
	var labels []label
	for _, each := range []faultKind{stall, serverError, badGateway, rateLimit, cold, reset, throttle, silence} {
		if len(ticks[each]) > 0 {
			d.ticks(ticks[each], stripLow-panelLow-8, colour(string(each)))
			labels = append(labels, label{string(each), colour(string(each))})
		}
	}
	d.legend(plotLeft, stripLow+32, labels)
}

// A soakCurve is one figure of a soak over time.
type soakCurve struct {
	label
	figure func(sample) float64
	most   float64 // the top of its scale, which begins at 0
}

func (r *run) soakCurves() []soakCurve {
	own := label{"live heap without the orders and events kept", "#2f8f4e"}
	curves := []soakCurve{
		{label{"resident memory", "#c23030"}, func(s sample) float64 { return float64(s.rss) }, 1},
		{label{"live heap", "#d9822b"}, func(s sample) float64 { return float64(s.liveHeap) }, 1},
		{own, func(s sample) float64 { return float64(r.ownHeap(s)) }, 1},
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

// drawSoak shows how memory and goroutines developed.
func (r *run) drawSoak(d *drawing) {
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
