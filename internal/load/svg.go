package load

import (
	"bytes"
	"encoding/xml"
	"fmt"
)

// A drawing is an SVG that is being drawn. Coordinates are pixels from the upper left corner.
type drawing struct{ svg bytes.Buffer }

type point struct{ x, y float64 }

func newDrawing(width, height int) *drawing {
	d := &drawing{}
	d.put(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" `+
		`font-size="12">`, width, height, width, height)
	d.put(`<rect width="%d" height="%d" fill="white"/>`, width, height)
	return d
}

func (d *drawing) put(format string, values ...any) {
	fmt.Fprintf(&d.svg, format, values...)
	d.svg.WriteByte('\n')
}

// end returns the whole drawing.
func (d *drawing) end() []byte {
	d.put(`</svg>`)
	return d.svg.Bytes()
}

// text writes from a point on (anchor "start"), around it ("middle") or up to it ("end").
func (d *drawing) text(x, y float64, anchor, text string) {
	var escaped bytes.Buffer
	_ = xml.EscapeText(&escaped, []byte(text)) // a buffer never fails
	d.put(`<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, x, y, anchor, escaped.String())
}

func (d *drawing) line(x1, y1, x2, y2 float64, colour, dashes string) {
	d.put(`<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" stroke-dasharray="%s"/>`,
		x1, y1, x2, y2, colour, dashes)
}

func (d *drawing) frame(left, top, right, low float64) {
	d.put(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="none" stroke="#666666"/>`,
		left, top, right-left, low-top)
}

func (d *drawing) band(left, top, right, low float64, colour string) {
	d.put(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s" opacity="0.12"/>`,
		left, top, right-left, low-top, colour)
}

// dots draws one path of lines without length, which round ends make visible: many elements would
// make a large file.
func (d *drawing) dots(points []point, colour string) {
	d.svg.WriteString(`<path d="`)
	for _, p := range points {
		fmt.Fprintf(&d.svg, "M%.1f %.1fh0", p.x, p.y)
	}
	d.put(`" stroke="%s" stroke-width="3" stroke-linecap="round" stroke-opacity="%s"/>`, colour, dotOpacity)
}

// ticks draws short lines downwards.
func (d *drawing) ticks(points []point, length float64, colour string) {
	d.svg.WriteString(`<path d="`)
	for _, p := range points {
		fmt.Fprintf(&d.svg, "M%.1f %.1fv%.1f", p.x, p.y, length)
	}
	d.put(`" stroke="%s" stroke-opacity="0.6"/>`, colour)
}

func (d *drawing) curve(points []point, colour string) {
	d.svg.WriteString(`<polyline points="`)
	for _, p := range points {
		fmt.Fprintf(&d.svg, "%.1f,%.1f ", p.x, p.y)
	}
	d.put(`" fill="none" stroke="%s" stroke-width="1.5"/>`, colour)
}

// A label is an entry of a legend, and its colour.
type label struct{ name, colour string }

func (d *drawing) legend(x, y float64, labels []label) {
	for _, l := range labels {
		d.put(`<text x="%.1f" y="%.1f" fill="%s">%s</text>`, x, y, l.colour, l.name)
		x += float64(40 + 6*len(l.name))
	}
}
