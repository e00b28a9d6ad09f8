package report

import (
	"encoding/json"
	"io"
)

// JSON writes v, a *bisect.Result or a value of this package, as indented JSON with a newline at the end.
func JSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	return e.Encode(v)
}
