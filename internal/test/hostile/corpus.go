package hostile

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
)

// corpusText has the good order in its first line, and then a request a line. The tests here generate it.
//
//go:embed testdata/corpus.jsonl
var corpusText []byte

// Corpus is all hostile requests, the same ones in the same order every time.
func Corpus() ([]Request, error) {
	good, lines, _ := bytes.Cut(corpusText, []byte("\n"))
	var all []Request
	for line := range bytes.Lines(lines) {
		r := Request{good: string(good)}
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, fmt.Errorf("hostile request %d: %w", len(all)+1, err)
		}
		all = append(all, r)
	}
	return all, nil
}
