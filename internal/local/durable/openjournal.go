package durable

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// OpenJournal opens a file, which is made if there is none, with its folder, and returns all that is in it, oldest first. What a crash has
// left of a last line that was never finished is cut off. A line that can be read by nobody is an error: it says
// which, and what to do.
func OpenJournal[E any](path string) (*Journal[E], []E, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, nil, fmt.Errorf("journal: %w", err)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600) // entries are customers' data
	if err != nil {
		return nil, nil, fmt.Errorf("journal: %w", err)
	}
	entries, size, err := restore[E](file)
	if err != nil {
		_ = file.Close() // nothing was written
		return nil, nil, fmt.Errorf("journal: %w", err)
	}
	return &Journal[E]{file: file, size: size}, entries, nil
}

// restore reads what is whole, cuts off the rest and makes both, and the file's name, safe on the disk.
func restore[E any](file *os.File) (entries []E, size int64, err error) {
	text, err := os.ReadFile(file.Name())
	if err != nil {
		return nil, 0, err
	}
	whole := text[:bytes.LastIndexByte(text, '\n')+1]
	if entries, err = decode[E](whole); err != nil {
		return nil, 0, fmt.Errorf("%s: %w; mend or remove the line, or move the file away to begin a new one", file.Name(), err)
	}
	size = int64(len(whole))
	if err := file.Truncate(size); err != nil {
		return nil, 0, err
	}
	if err := file.Sync(); err != nil {
		return nil, 0, err
	}
	return entries, size, syncFolder(filepath.Dir(file.Name()))
}

func decode[E any](text []byte) ([]E, error) {
	var entries []E
	number := 0
	for line := range bytes.Lines(text) {
		number++
		var entry E
		if err := json.Unmarshal(line, &entry); err != nil {
			return nil, fmt.Errorf("line %d cannot be read", number) // its text is not for logs
		}
		entries = append(entries, entry)
	}
	return entries, nil
}
