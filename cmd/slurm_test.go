//go:build unix

package cmd_test

import (
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// cluster starts a Slurm of one node, this machine, and points SLURM_CONF to it. The test is skipped without Slurm (Debian: slurmctld, slurmd,
// slurm-client, munge).
func cluster(t *testing.T) {
	for _, name := range []string{"munged", "slurmctld", "slurmd", "srun"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skip("no Slurm: ", err)
		}
	}
	host, err := os.Hostname()
	me, err2 := user.Current()
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	dir, err := os.MkdirTemp("", "slurm") // a short path: a socket is in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	host, _, _ = strings.Cut(host, ".")
	port := 20000 + os.Getpid()%10000
	conf := strings.NewReplacer("DIR", dir, "HOST", host, "USER", me.Username, "PORT1", fmt.Sprint(port), "PORT2", fmt.Sprint(port+1)).Replace(`
ClusterName=halfway
SlurmctldHost=HOST(127.0.0.1)
SlurmctldPort=PORT1
SlurmdPort=PORT2
SlurmUser=USER
SlurmdUser=USER
AuthInfo=socket=DIR/munge
StateSaveLocation=DIR/state
SlurmdSpoolDir=DIR/spool
SlurmctldPidFile=DIR/slurmctld.pid
SlurmdPidFile=DIR/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
NodeName=HOST NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=main Nodes=HOST Default=YES State=UP
`)
	key := make([]byte, 64)
	_, err = rand.Read(key)
	for name, content := range map[string][]byte{"munge.key": key, "slurm.conf": []byte(conf)} {
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), content, 0o600)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("SLURM_CONF", filepath.Join(dir, "slurm.conf"))
	serve(t, "munged", "--foreground", "--force", "--key-file", dir+"/munge.key", "--socket", dir+"/munge", "--pid-file", dir+"/munge.pid", "--log-file",
		dir+"/munge.log", "--seed-file", dir+"/munge.seed")
	wait(t, "munged", func() bool { _, err := os.Stat(dir + "/munge"); return err == nil })
	for _, name := range []string{"state", "spool"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	serve(t, "slurmctld", "-D", "-i")
	serve(t, "slurmd", "-D")
	wait(t, "a free node", func() bool {
		out, err := exec.Command("sinfo", "-h", "-o", "%T").Output()
		return err == nil && strings.TrimSpace(string(out)) == "idle"
	})
}

// serve runs a program until the end of the test.
func serve(t *testing.T, args ...string) {
	t.Helper()
	c := exec.Command(args[0], args[1:]...)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill() // an error where it has ended
		_ = c.Wait()
	})
}

func wait(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !done(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("Slurm: %s: not there after 30 s", what)
		}
	}
}

// TestSlurm searches with each probe a job of a cluster: one after another, and two at once. The answer is that of probes that run here. A probe out
// of time leaves no job behind.
func TestSlurm(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a job for every probe")
	}
	cluster(t)
	dir := t.TempDir()
	search := func(name string, flags ...string) string {
		result := filepath.Join(dir, name)
		args := append([]string{"bisect", tiny, "--input", tinyInput, "--view", "plain", "--engine", "command", "--no-exhaustive", "-q", "--json", result, "--run",
			"halfway run {model} --view plain --threads 1 -q --input {input} --output {output}"}, flags...)
		if out, err := exec.Command("halfway", args...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", flags, err, out)
		}
		return answerOf(t, result)
	}
	here := search("here")
	for i, flags := range [][]string{{"--launcher", "srun -n1"}, {"--launcher", "srun -n1", "--jobs", "2"}} {
		if there := search(fmt.Sprint(i), flags...); there != here {
			t.Errorf("%s:\n%s\nhere:\n%s", flags, there, here)
		}
	}
	out, err := exec.Command("halfway", "check", tiny, "--input", tinyInput, "--engine", "command", "--launcher", "srun -n1", "--run", "sleep 600",
		"--timeout", "2s").CombinedOutput()
	if code := exitCode(err); code != 1 || !strings.Contains(string(out), "no end after 2s") {
		t.Errorf("out of time: exit status %d\n%s", code, out)
	}
	wait(t, "the end of the job that was out of time", func() bool {
		out, err := exec.Command("squeue", "-h", "-t", "all", "-o", "%T %j").Output()
		return err == nil && !strings.Contains(string(out), "RUNNING") && !strings.Contains(string(out), "PENDING")
	})
}
