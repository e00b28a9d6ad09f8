// Package patterns selects nodes by their tags, Type@name, exactly as the variables OV_CPU_INFER_PRC_* do, and writes the patterns that
// select a wanted set.
package patterns

import "regexp"

var number = regexp.MustCompile(`[0-9]+`)

// Role is a name with its numbers replaced by (\d+): what the same module has in common in every layer.
func Role(name string) string { return number.ReplaceAllLiteralString(name, `(\d+)`) }
