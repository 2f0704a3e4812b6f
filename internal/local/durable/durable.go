// Package durable keeps on the disk what must survive a crash of the process or the machine:
// journals, to which entries are appended, and checkpoints, which are replaced.
package durable

import (
	"os"
	"path/filepath"
)

// replace creates a file or replaces its content. At every moment, also after a crash, the name
// leads to all of the old text or all of the new text, because the new text is flushed before it
// gets the name. The next replace overwrites what a crash may leave beside the file.
func replace(path string, text []byte) error {
	fresh := path + ".new"
	if err := write(fresh, text); err != nil {
		return err
	}
	if err := os.Rename(fresh, path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func write(path string, text []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}

// syncFolder flushes the names in a folder.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = folder.Close() }() // it was only read
	return folder.Sync()
}
