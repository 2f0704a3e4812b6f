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

// colours tell what became of a request, and what went wrong around the service.
func colour(of string) string {
	switch of {
	case string(created), string(repeated):
		return "#3b76af"
	case string(refused), string(failure):
		return "#d9822b"
	case string(stall), string(throttle):
		return "#8458a6"
	case "p50":
		return "#1b3a57"
	case "p99":
		return "#2f8f4e"
	}
	return "#c23030" // wrong answers, none, resets, outages
}

// plot is an SVG of latency over time: every request a dot, the percentiles of every second, and the faults below.
// A soak's has memory and goroutines as well.
func (r *result) plot(soak bool) []byte {
	height := stripLow + 40
	if soak {
		height = soakLow + 40
	}
	d := newDrawing(plotWidth, height)
	d.text(plotLeft, 22, "start", fmt.Sprintf("%s: %s; %d orders a second, p99 %s", r.scenario.name, r.scenario.what, r.rate, short(r.latencies().at(0.99))))
	r.drawLatencies(d)
	r.drawFaults(d)
	if soak && len(r.samples) > 1 {
		r.drawSoak(d)
	}
	return d.end()
}

// x is where a time is; what lies outside of the run is at its edge.
func (r *result) x(at time.Time) float64 {
	part := min(max(float64(at.Sub(r.start))/float64(r.length), 0), 1)
	return plotLeft + part*(plotRight-plotLeft)
}

// yOf is where a latency is, on a logarithmic scale.
func yOf(took time.Duration) float64 {
	took = min(max(took, fastest), slowest)
	part := math.Log(float64(took)/float64(fastest)) / math.Log(float64(slowest)/float64(fastest))
	return panelLow - part*(panelLow-panelTop)
}

func (r *result) drawLatencies(d *drawing) {
	d.frame(plotLeft, panelTop, plotRight, panelLow)
	for tick := fastest; tick <= slowest; tick *= 10 {
		d.line(plotLeft, yOf(tick), plotRight, yOf(tick), "#dddddd", "")
		d.text(plotLeft-6, yOf(tick)+4, "end", short(tick))
	}
	r.drawSeconds(d, stripLow)
	if r.scenario.bar.p99 > 0 {
		d.line(plotLeft, yOf(r.scenario.bar.p99), plotRight, yOf(r.scenario.bar.p99), "#888888", "6 4")
		d.text(plotRight+4, yOf(r.scenario.bar.p99)+4, "start", "bar "+short(r.scenario.bar.p99))
	}
	labels := []label{{"p50", colour("p50")}, {"p99", colour("p99")}}
	if len(r.outcomes) <= mostDots {
		for _, k := range []kind{created, repeated, refused, wrong, unanswered} {
			if r.count(k) > 0 {
				r.drawDots(d, k)
				labels = append(labels, label{string(k), colour(string(k))})
			}
		}
	}
	bySecond := r.bySecond()
	d.curve(r.overTime(bySecond, 0.5), colour("p50"))
	d.curve(r.overTime(bySecond, 0.99), colour("p99"))
	d.legend(plotLeft, panelTop-12, labels)
}

// drawSeconds writes the time below a panel, in about ten steps.
func (r *result) drawSeconds(d *drawing, low float64) {
	step := max(r.length/10, time.Second).Round(time.Second)
	for at := time.Duration(0); at <= r.length; at += step {
		d.text(r.x(r.start.Add(at)), low+16, "middle", fmt.Sprintf("%.0f s", at.Seconds()))
	}
}

func (r *result) drawDots(d *drawing, k kind) {
	var dots []point
	for _, o := range r.outcomes {
		if o.kind == k {
			dots = append(dots, point{r.x(o.due), yOf(o.took)})
		}
	}
	d.dots(dots, colour(string(k)))
}

// bySecond is the latencies of the requests that were due in each second.
func (r *result) bySecond() []latencies {
	all := make([][]time.Duration, int(math.Ceil(r.length.Seconds())))
	for _, o := range r.outcomes {
		if second := int(o.due.Sub(r.start) / time.Second); second >= 0 && second < len(all) {
			all[second] = append(all[second], o.took)
		}
	}
	seconds := make([]latencies, len(all))
	for i, took := range all {
		seconds[i] = sorted(took)
	}
	return seconds
}

func (r *result) overTime(seconds []latencies, share float64) (points []point) {
	for i, l := range seconds {
		middle := time.Duration(i)*time.Second + time.Second/2
		points = append(points, point{r.x(r.start.Add(middle)), yOf(l.at(share))})
	}
	return points
}

// drawFaults marks every fault in the strip, and the time of an outage in the panel above as well.
func (r *result) drawFaults(d *drawing) {
	if from, to := r.scenario.window(r.length); to > 0 {
		d.band(r.x(r.start.Add(from)), panelTop, r.x(r.start.Add(to)), stripLow, colour(string(down)))
	}
	d.frame(plotLeft, panelLow, plotRight, stripLow)
	d.text(plotLeft-6, (panelLow+stripLow)/2+4, "end", "faults")
	ticks := map[fault][]point{}
	for _, m := range r.marks {
		ticks[m.fault] = append(ticks[m.fault], point{r.x(m.at), panelLow + 4})
	}
	var labels []label
	for _, each := range []fault{stall, failure, reset, throttle, down} {
		if len(ticks[each]) > 0 {
			d.ticks(ticks[each], stripLow-panelLow-8, colour(string(each)))
			labels = append(labels, label{string(each), colour(string(each))})
		}
	}
	d.legend(plotLeft, stripLow+32, labels)
}
