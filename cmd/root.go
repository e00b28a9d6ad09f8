// Package cmd is the command line: flags, environment, progress, where answers are written, and exit statuses. One file a command. What the
// commands do is in the packages that they call; how an answer reads is in bisect/report.
//
// Standard output carries the answer and nothing else, standard error progress, notes and errors. The environment is read here only.
package cmd

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"halfway/engine"
	"halfway/engine/builtin"
)

// Main runs the command line of the process and exits with its status.
func Main() {
	ctx, stop := interruptible(context.Background())
	defer stop()
	builtin.LimitMemory()
	root := newRoot()
	started := false
	for _, c := range root.Commands() {
		if run := c.RunE; run != nil {
			c.RunE = func(c *cobra.Command, args []string) error {
				started = true
				return run(c, args)
			}
		}
	}
	c, err := root.ExecuteContextC(ctx)
	if err != nil && !started {
		err = usage(err) // flags and arguments are checked before a command starts
	}
	status, message := statusOf(err)
	if message != "" {
		fmt.Fprintln(os.Stderr, "halfway:", harmless(message))
	}
	if status == statusUsage {
		fmt.Fprintf(os.Stderr, "Run '%s --help' for usage.\n", c.CommandPath())
	}
	os.Exit(status)
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "halfway",
		Short: "Find the nodes that break a network in bf16 or f16",
		Long: `halfway finds the nodes of a neural network that break its accuracy when an inference precision
(bf16, f16) is enforced, proves it, and writes the settings that keep just those nodes in f32.`,
		Example: `  halfway bisect model.xml --input x.npz
  halfway bisect model.xml --input x.npz --accept 'logits:cosine>=0.999' --json result.json
  halfway export result.json --format shell`,
		Args:          noCommand,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetVersionTemplate("halfway {{.Version}}\n")
	root.AddGroup(&cobra.Group{ID: "work", Title: "Commands:"})
	for _, c := range []*cobra.Command{newBisect(), newRun(), newNodes(), newCheck(), newCompare(), newExport(), newPatch(), newReport(), newJournal(), newDoctor()} {
		c.GroupID = "work"
		root.AddCommand(c)
	}
	root.AddCommand(newMan())
	root.AddCommand(topics()...)
	root.SetHelpCommand(newHelp())
	root.SetFlagErrorFunc(noFlag)
	return root
}

// newHelp is cobra's help command, but an unknown topic is an error.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [command or topic]",
		Short: "Help about a command or a topic",
		RunE: func(c *cobra.Command, args []string) error {
			topic, rest, err := c.Root().Find(args)
			if err != nil || len(rest) > 0 {
				var names []string
				for _, t := range topics() {
					names = append(names, t.Name())
				}
				hint := ""
				for _, other := range c.Root().Commands() {
					names = append(names, other.Name())
				}
				if near, ok := engine.Nearest(strings.Join(args, " "), names); ok {
					hint = fmt.Sprintf("did you mean %q? ", near)
				}
				return usage(fmt.Errorf("no command or topic is called %q; %sthe topics are %s", strings.Join(args, " "), hint,
					strings.Join(names[:len(topics())], ", ")))
			}
			topic.InitDefaultHelpFlag()
			return topic.Help()
		},
	}
}

// noCommand is the error of a command that does not exist.
func noCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, other := range c.Commands() {
		if other.Runnable() {
			names = append(names, other.Name())
		}
	}
	hint := ""
	if near, ok := engine.Nearest(args[0], names); ok {
		hint = fmt.Sprintf("; did you mean %q?", near)
	}
	return fmt.Errorf("unknown command %q%s", args[0], hint)
}

// noFlag adds to the error of a flag that does not exist which one comes near.
func noFlag(c *cobra.Command, err error) error {
	name, unknown := strings.CutPrefix(err.Error(), "unknown flag: --")
	var names []string
	for _, word := range strings.Fields(c.Flags().FlagUsages()) {
		if flag, ok := strings.CutPrefix(word, "--"); ok {
			names = append(names, flag)
		}
	}
	if near, ok := engine.Nearest(name, names); ok && unknown {
		return fmt.Errorf("%w; did you mean --%s?", err, near)
	}
	return err
}

// arguments checks that a command has exactly these arguments.
func arguments(names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) == len(names) {
			return nil
		}
		return fmt.Errorf("want %s, found %d arguments: %q", strings.Join(names, " "), len(args), args)
	}
}

// version is that of the module, with the revision it was built from where the build knows it, and what it runs on.
func version() string {
	b, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	v := b.Main.Version
	if v == "" || v == "(devel)" {
		v = "devel"
	}
	settings := map[string]string{}
	for _, s := range b.Settings {
		settings[s.Key] = s.Value
	}
	details := []string{b.GoVersion, runtime.GOOS + "/" + runtime.GOARCH, "kernels " + builtin.Level()}
	if r := settings["vcs.revision"]; r != "" {
		revision := "revision " + r[:min(len(r), 12)]
		if settings["vcs.modified"] == "true" {
			revision += ", changed"
		}
		details = append(details, revision)
	}
	return fmt.Sprintf("%s (%s)", v, strings.Join(details, ", "))
}
