package dynamodb

import (
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

const oldestJava = 17

// Available tells whether DynamoDB Local can be started here. The error names everything that is missing on the PATH:
// Java 17 or newer, and npm unless DynamoDB Local has been installed before.
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

// checkJava runs java, since there may be one that can only say where to get it.
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

// javaVersion is the feature number of what "java -version" says: 17 of "17.0.15", 8 of "1.8.0_402", 0 of anything
// else.
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
