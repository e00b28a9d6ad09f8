package compare

import (
	"fmt"
	"strings"

	"halfway/engine"
)

// unknown is the error of a name that is none of names. It suggests the nearest and lists some.
func unknown(what, name string, names []string) error {
	const most = 20
	list := names
	more := ""
	if len(list) > most {
		list, more = list[:most], fmt.Sprintf(" and %d more", len(names)-most)
	}
	hint := ""
	if near, ok := engine.Nearest(name, names); ok {
		hint = fmt.Sprintf("did you mean %q? ", near)
	}
	return fmt.Errorf("there is no %s %q; %sthe %ss are %s%s", what, name, hint, what, strings.Join(list, ", "), more)
}
