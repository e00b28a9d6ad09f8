package tensor

import (
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"unsafe"
)

// A Mapping is a file's content, read-only, that the system loads on demand. Whatever touches its bytes runs under Guard, since a file can
// shrink while it is mapped. Where the system cannot map files, the content is read into memory.
type Mapping struct {
	path  string
	bytes []byte
	read  atomic.Int64 // where Passed was last
}

// mappings are the open ones, for Guard.
var mappings struct {
	sync.Mutex
	open map[*Mapping]bool
}

// OpenMapping maps a regular file. Folders, devices and pipes are refused.
func OpenMapping(path string) (*Mapping, error) {
	if err := regular(os.Stat(path)); err != nil { // before opening, since that would wait for a pipe's writer
		return nil, fmt.Errorf("map %s: %w", path, err)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("map %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err := regular(info, err); err != nil {
		return nil, fmt.Errorf("map %s: %w", path, err)
	}
	m := &Mapping{path: path}
	if info.Size() == 0 {
		return m, nil
	}
	if int64(int(info.Size())) != info.Size() {
		return nil, fmt.Errorf("map %s: %d bytes do not fit in this machine's address space", path, info.Size())
	}
	if m.bytes, err = mapFile(f, int(info.Size())); err != nil {
		return nil, fmt.Errorf("map %s: %w", path, err)
	}
	m.register()
	return m, nil
}

func regular(info os.FileInfo, err error) error {
	if pathErr, ok := err.(*os.PathError); ok {
		return pathErr.Err
	}
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("want a regular file, found %s", kindOf(info.Mode()))
	}
	return nil
}

func kindOf(m os.FileMode) string {
	switch {
	case m.IsDir():
		return "a folder"
	case m&os.ModeNamedPipe != 0:
		return "a pipe"
	case m&os.ModeSocket != 0:
		return "a socket"
	}
	return "a device"
}

func (m *Mapping) register() {
	mappings.Lock()
	defer mappings.Unlock()
	if mappings.open == nil {
		mappings.open = map[*Mapping]bool{}
	}
	mappings.open[m] = true
}

// Bytes is the file's content. It must not be written to, nor used after Close.
func (m *Mapping) Bytes() []byte { return m.bytes }

// passedStep is how far a reader gets before the pages that it leaves behind are given back.
const passedStep = 16 << 20

// Passed says that a reader of an open mapping has come to b, a part of it, on its way through: what lies far from there need not stay in
// memory. A system that maps large pages around every byte that is read would otherwise hold all of the file. What is read again is loaded again.
func Passed(b []byte) {
	if len(b) == 0 {
		return
	}
	address := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	mappings.Lock()
	defer mappings.Unlock()
	for m := range mappings.open {
		start := uintptr(unsafe.Pointer(unsafe.SliceData(m.bytes)))
		if address < start || address-start >= uintptr(len(m.bytes)) {
			continue
		}
		at := int64(address - start)
		if last := m.read.Load(); at-last > passedStep || last-at > passedStep {
			m.read.Store(at)
			dropPages(m.bytes)
		}
	}
}

// Path is the name that the file was opened by.
func (m *Mapping) Path() string { return m.path }

// Close unmaps the file. A second Close does nothing.
func (m *Mapping) Close() error {
	mappings.Lock()
	delete(mappings.open, m)
	mappings.Unlock()
	b := m.bytes
	m.bytes = nil
	if b == nil {
		return nil
	}
	return unmapFile(b)
}

// Guard runs f. A memory fault at an address of an open Mapping, which the system raises when the file has shrunk or cannot be read, becomes
// an error that names the file; every other panic goes on. Guard covers the goroutine that calls it: goroutines that f starts need their own.
func Guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		path := faultyFile(p)
		if path == "" {
			panic(p)
		}
		err = fmt.Errorf("file %s shrank or could not be read while it was in use", path)
	}()
	return f()
}

// faultyFile returns the path of the mapping that the fault p lies in, "" for other panics.
func faultyFile(p any) string {
	fault, ok := p.(interface{ Addr() uintptr })
	if !ok {
		return ""
	}
	mappings.Lock()
	defer mappings.Unlock()
	for m := range mappings.open {
		start := uintptr(unsafe.Pointer(unsafe.SliceData(m.bytes)))
		if a := fault.Addr(); a >= start && a-start < uintptr(len(m.bytes)) {
			return m.path
		}
	}
	return ""
}
