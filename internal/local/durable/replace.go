package durable

import (
	"os"
	"path/filepath"
)

// replace puts a new file in the place of one, or of none. At every moment the name leads to the old text or to the
// whole new one, also after a crash, since the new text is safe on the disk before it gets the name. What a crash may
// leave beside it is overwritten by the next replace.
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

// syncFolder makes the names in a folder safe on the disk.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = folder.Close() }() // it was only read
	return folder.Sync()
}
