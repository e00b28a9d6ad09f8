package cmd

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func newMan() *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:     "man",
		Short:   "Write manual pages, one for each command and topic",
		Long:    `man writes halfway.1, halfway-bisect.1, halfway-accept.7 and so on into a folder.`,
		Example: `  halfway man --output ~/.local/share/man/man1`,
		Args:    arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			if output == "" {
				return usage(fmt.Errorf("give --output FOLDER"))
			}
			if err := os.MkdirAll(output, 0o755); err != nil {
				return fmt.Errorf("writing manual pages: %w", err)
			}
			root := c.Root()
			root.DisableAutoGenTag = true // pages are the same whenever they are made
			preformat(root)
			if err := doc.GenManTree(root, &doc.GenManHeader{Title: "HALFWAY", Section: "1", Source: "halfway " + version()}, output); err != nil {
				return fmt.Errorf("writing manual pages: %w", err)
			}
			return topicPages(root, output)
		},
	}
	c.Flags().StringVarP(&output, "output", "o", "", "the `FOLDER` to write them into")
	return c
}

// topicPages writes a page of section 7 for each topic, as it reads in a terminal.
func topicPages(root *cobra.Command, folder string) error {
	for _, t := range topics() {
		var b strings.Builder
		fmt.Fprintf(&b, ".TH \"HALFWAY-%s\" \"7\" \"\" \"halfway %s\" \"\"\n", strings.ToUpper(t.Name()), roff(version()))
		fmt.Fprintf(&b, ".SH NAME\nhalfway-%s \\- %s\n.SH DESCRIPTION\n.nf\n", t.Name(), roff(t.Short))
		for line := range strings.Lines(t.Long) {
			b.WriteString("\\&" + roff(line)) // so that no line begins with a request
		}
		fmt.Fprintf(&b, "\n.fi\n.SH SEE ALSO\n%s(1)\n", root.Name())
		if err := os.WriteFile(filepath.Join(folder, "halfway-"+t.Name()+".7"), []byte(b.String()), 0o644); err != nil {
			return fmt.Errorf("writing manual pages: %w", err)
		}
	}
	return nil
}

// roff escapes what roff would take for its own.
func roff(s string) string {
	return strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`).Replace(s)
}

// preformat indents the tables of all help texts, so that they stay as they are.
func preformat(c *cobra.Command) {
	c.Long = strings.ReplaceAll(c.Long, "\n  ", "\n      ")
	for _, sub := range c.Commands() {
		preformat(sub)
	}
}
