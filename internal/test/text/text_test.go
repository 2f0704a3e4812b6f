package text_test

import (
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

const root = "../../../"

// tracked returns the files that git tracks and that exist, as paths from the root of the module.
func tracked(t *testing.T, patterns ...string) []string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "git", append([]string{"ls-files", "-z", "--"}, patterns...)...)
	command.Dir = root
	output, err := command.Output()
	require.NoError(t, err, "git ls-files")
	files := strings.Split(strings.TrimSuffix(string(output), "\x00"), "\x00")
	return slices.DeleteFunc(files, func(name string) bool {
		_, err := os.Stat(root + name)
		return err != nil
	})
}

func read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(root + name)
	require.NoError(t, err)
	return string(content)
}

// .ci/words lists phrases for which this repository uses another word.
func TestPhrases(t *testing.T) {
	var phrases []string
	for line := range strings.Lines(read(t, ".ci/words")) {
		phrases = append(phrases, strings.ReplaceAll(regexp.QuoteMeta(strings.TrimSpace(line)), " ", `\s+`))
	}
	phrase := regexp.MustCompile(`(?i)\b(` + strings.Join(phrases, "|") + `)\b`)
	for _, name := range tracked(t, ".", ":!.ci/words") {
		for i, line := range strings.Split(read(t, name), "\n") {
			if found := phrase.FindString(line); found != "" {
				t.Errorf("%s:%d: %q is in .ci/words", name, i+1, found)
			}
		}
	}
}

var (
	links    = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	headings = regexp.MustCompile(`(?m)^#+ (.*)$`)
	notInID  = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

func TestMarkdownLinksResolve(t *testing.T) {
	for _, name := range tracked(t, "*.md") {
		for _, match := range links.FindAllStringSubmatch(read(t, name), -1) {
			target, anchor, _ := strings.Cut(match[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			linked := name
			if target != "" {
				linked = path.Join(path.Dir(name), target)
			}
			if _, err := os.Stat(root + linked); err != nil {
				t.Errorf("%s: the link %s leads nowhere", name, match[1])
			} else if anchor != "" && !slices.Contains(anchors(read(t, linked)), anchor) {
				t.Errorf("%s: the link %s names no heading", name, match[1])
			}
		}
	}
}

// anchors returns the IDs that GitHub gives to the headings of a page.
func anchors(page string) []string {
	var all []string
	for _, match := range headings.FindAllStringSubmatch(page, -1) {
		all = append(all, strings.ReplaceAll(notInID.ReplaceAllString(strings.ToLower(match[1]), ""), " ", "-"))
	}
	return all
}

// A tab counts as 4 columns. A comment without spaces, such as a URL, cannot be wrapped.
func TestCommentsWrapAt100Columns(t *testing.T) {
	for _, name := range tracked(t, "*.go") {
		for i, line := range strings.Split(read(t, name), "\n") {
			text, isComment := strings.CutPrefix(strings.TrimSpace(line), "// ")
			if columns := utf8.RuneCountInString(strings.ReplaceAll(line, "\t", "    ")); isComment && strings.Contains(text, " ") && columns > 100 {
				t.Errorf("%s:%d: the comment has %d columns", name, i+1, columns)
			}
		}
	}
}

// A tag can be moved to another commit; a commit cannot change.
func TestActionsArePinnedToCommits(t *testing.T) {
	uses := regexp.MustCompile(`uses: (.*)`)
	pinned := regexp.MustCompile(`^[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
	workflows := tracked(t, ".github/workflows/*.yml")
	require.NotEmpty(t, workflows)
	for _, name := range workflows {
		for _, match := range uses.FindAllStringSubmatch(read(t, name), -1) {
			if local := strings.HasPrefix(match[1], "./"); !local {
				require.Regexp(t, pinned, match[1], name)
			}
		}
	}
}
