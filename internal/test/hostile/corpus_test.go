package hostile

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"orders/internal/order"
)

var update = flag.Bool("update", false, "update the corpus")

const corpusFile = "testdata/corpus.jsonl"

const victimsToken = marker + "-victim"

// victimsOrder is the ID of the one order that is stored while the corpus is sent.
var victimsOrder = order.IDFor(victimsToken)

// generate returns the whole corpus, always the same.
func generate(t testing.TB) []Request {
	t.Helper()
	good := goodOrder(t)
	var all []Request
	for _, part := range [][]Request{
		fromSchema(good), sums(good), malformed(good.text(nil)), sizes(good), framings(good),
		routes(good), pages(), identities(good), signatures(), invocations(good),
	} {
		all = append(all, part...)
	}
	seen := map[string]int{}
	for i := range all {
		all[i] = all[i].shortened(good.text(nil))
		seen[all[i].Name]++
		if n := seen[all[i].Name]; n > 1 {
			all[i].Name += fmt.Sprintf(" (%d)", n)
		}
	}
	return all
}

// shortened returns the same request; a body that is nearly the valid order is stored as the
// difference.
func (r Request) shortened(good string) Request {
	body := string(r.body())
	before, after := difference(good, body)
	if r.Pieces != nil || !utf8.ValidString(after) || len(before)+len(after) > len(body)/2 {
		return r
	}
	r.JSON, r.Text, r.Base64, r.good = nil, "", nil, good
	r.Order = []string{before, after}
	if body == good {
		r.Order = []string{}
	}
	return r
}

// difference returns a part of good that occurs once, and the text that replaces it to make other.
func difference(good, other string) (before, after string) {
	shortest := min(len(good), len(other))
	start, end := 0, 0
	for start < shortest && good[start] == other[start] {
		start++
	}
	for end < shortest-start && good[len(good)-1-end] == other[len(other)-1-end] {
		end++
	}
	for start > 0 && (strings.Count(good, good[start:len(good)-end]) != 1 || !strings.ContainsRune(",{[", rune(good[start-1]))) {
		start--
	}
	for end > 0 && !strings.ContainsRune(",}]", rune(good[len(good)-end])) {
		end--
	}
	return good[start : len(good)-end], other[start : len(other)-end]
}

// printable returns the beginning of a text, as part of a name.
func printable(text string) string {
	quoted := strconv.QuoteToASCII(text)
	quoted = quoted[1 : len(quoted)-1]
	return quoted[:min(60, len(quoted))]
}

func corpus(t testing.TB) []Request {
	t.Helper()
	all, err := Corpus()
	require.NoError(t, err)
	return all
}

func TestCorpusIsUpToDate(t *testing.T) {
	var made bytes.Buffer
	made.WriteString(goodOrder(t).text(nil) + "\n")
	encoder := json.NewEncoder(&made)
	encoder.SetEscapeHTML(false)
	all := generate(t)
	for _, r := range all {
		require.NoError(t, encoder.Encode(r), r.Name)
	}
	if *update {
		require.NoError(t, os.WriteFile(corpusFile, made.Bytes(), 0o644))
	}
	kept, err := os.ReadFile(corpusFile)
	require.NoError(t, err)
	require.Less(t, len(kept), 500_000)
	require.Equal(t, strings.Split(made.String(), "\n"), strings.Split(string(kept), "\n"))
	require.GreaterOrEqual(t, len(all), 500)
	for i, r := range corpus(t) { // the file loses nothing
		require.Equal(t, all[i].body(), r.body(), r.Name)
	}
}
