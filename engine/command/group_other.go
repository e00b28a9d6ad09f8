//go:build !unix

package command

import "os/exec"

// Without process groups only the program itself is ended.
func inGroup(*exec.Cmd) {}

func killGroup(*exec.Cmd) {}
