package cmd

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func newMan() *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:     "man",
		Short:   "Write manual pages, one for each command",
		Long:    `man writes halfway.1, halfway-bisect.1 and so on into a folder.`,
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
			return nil
		},
	}
	c.Flags().StringVarP(&output, "output", "o", "", "the `FOLDER` to write them into")
	return c
}

// preformat indents the tables of all help texts, so that they stay as they are.
func preformat(c *cobra.Command) {
	c.Long = strings.ReplaceAll(c.Long, "\n  ", "\n      ")
	for _, sub := range c.Commands() {
		preformat(sub)
	}
}
