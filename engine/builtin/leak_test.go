package builtin_test

import (
	"bytes"
	"context"
	"os"
	"runtime"
	"testing"
	"time"

	"halfway/engine"
	"halfway/engine/builtin"
)

// TestNothingLeaks opens, runs and closes models, whole and damaged, to their end and cancelled: no goroutine and no file stays.
func TestNothingLeaks(t *testing.T) {
	text, err := os.ReadFile("testdata/bodies/loop-trips.xml")
	if err != nil {
		t.Fatal(err)
	}
	bin, err := os.ReadFile("testdata/bodies/loop-trips.bin")
	if err != nil {
		t.Fatal(err)
	}
	whole, damaged := written(t, string(text), bin), written(t, string(text), bin[:len(bin)-4])
	s := random(t, whole)
	once := func() {
		if _, err := builtin.Open(damaged); err == nil {
			t.Fatal("a model with half of its weights was opened")
		}
		m, err := builtin.Open(whole)
		if err != nil {
			t.Fatal(err)
		}
		e, err := m.Engine(builtin.Options{Threads: 4})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Run(context.Background(), engine.Set{}, s); err != nil {
			t.Error(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := e.Run(ctx, engine.Set{}, s); err == nil {
			t.Error("a cancelled run succeeded")
		}
		e.Close()
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
	once()
	goroutines, files, mapped := runtime.NumGoroutine(), openFiles(t), mappings(t)
	for range 20 {
		once()
	}
	for end := time.Now().Add(time.Second); runtime.NumGoroutine() > goroutines && time.Now().Before(end); {
		runtime.Gosched()
	}
	if n := runtime.NumGoroutine(); n > goroutines {
		t.Errorf("%d goroutines, %d before", n, goroutines)
	}
	if n := openFiles(t); n > files {
		t.Errorf("%d open files, %d before", n, files)
	}
	if n := mappings(t); n > mapped {
		t.Errorf("the weights are mapped %d times, %d before", n, mapped)
	}
}

// openFiles is the number of files that the process has open.
func openFiles(t *testing.T) int {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skipf("this system does not tell which files are open: %v", err)
	}
	return len(list)
}

// mappings is the number of times that the weights of a model are mapped.
func mappings(t *testing.T) int {
	b, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Skipf("this system does not tell what is mapped: %v", err)
	}
	return bytes.Count(b, []byte("/model.bin"))
}
