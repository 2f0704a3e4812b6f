package lambdaruntime

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// The region and credentials of a function, unless Options.Env has others.
const (
	Region          = "eu-west-1"
	AccessKeyID     = "AKIALOCAL"
	SecretAccessKey = "secret-of-this-machine"
	SessionToken    = "secret-session-of-this-machine"
)

// environment returns all variables of a process, as Lambda documents them for custom runtimes. The
// trace ID comes with each event, and the runtime makes _X_AMZN_TRACE_ID of it.
func environment(o Options, api string) []string {
	root := filepath.Dir(o.Binary)
	all := map[string]string{
		"AWS_ACCESS_KEY_ID":               AccessKeyID,
		"AWS_DEFAULT_REGION":              Region,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(o.Memory),
		"AWS_LAMBDA_FUNCTION_NAME":        o.Name,
		"AWS_LAMBDA_FUNCTION_VERSION":     "$LATEST",
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME":       "/aws/lambda/" + o.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME":      "local",
		"AWS_LAMBDA_RUNTIME_API":          api,
		"AWS_REGION":                      Region,
		"AWS_SECRET_ACCESS_KEY":           SecretAccessKey,
		"AWS_SESSION_TOKEN":               SessionToken,
		"AWS_XRAY_CONTEXT_MISSING":        "LOG_ERROR",
		"LAMBDA_RUNTIME_DIR":              root,
		"LAMBDA_TASK_ROOT":                root,
		"LANG":                            "en_US.UTF-8",
		"PATH":                            os.Getenv("PATH"),
		"TZ":                              ":UTC",
		"_HANDLER":                        filepath.Base(o.Binary),
	}
	if o.Concurrency > 1 {
		all["AWS_LAMBDA_MAX_CONCURRENCY"] = strconv.Itoa(o.Concurrency)
	}
	maps.Copy(all, o.Env)
	list := make([]string, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		list = append(list, name+"="+all[name])
	}
	return list
}
