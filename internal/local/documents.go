package local

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
)

// readDocument returns a file of the repository, by its path there, from the working directory or
// the nearest folder above it. If there is none, because the program runs somewhere else, the
// document is empty and a warning says what the console lacks.
func readDocument(path string, log *slog.Logger) []byte {
	folder, err := os.Getwd()
	for err == nil {
		text, readErr := os.ReadFile(filepath.Join(folder, filepath.FromSlash(path)))
		if readErr == nil {
			return text
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			break
		}
		folder = parent
	}
	log.LogAttrs(context.Background(), slog.LevelWarn, "console shows less: run it inside the repository",
		slog.String("missing", path))
	return nil
}
