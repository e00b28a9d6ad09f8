package passes

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"halfway/engine/ir"
)

// TestViewsOfTinyModels holds both views of the models of testdata/make_views.py, and their units, against the plugin's own.
func TestViewsOfTinyModels(t *testing.T) {
	dir := t.TempDir()
	unzip(t, filepath.Join("testdata", "views.zip"), dir)
	models, err := filepath.Glob(filepath.Join(dir, "*.xml"))
	if err != nil || len(models) == 0 {
		t.Fatalf("%d models, %v", len(models), err)
	}
	for _, model := range models {
		base := strings.TrimSuffix(model, ".xml")
		for _, view := range []string{"plugin", "snippets"} {
			name := filepath.Base(base) + "/" + view
			t.Run(name, func(t *testing.T) {
				g, closer, err := ir.Read(model)
				if err != nil {
					t.Fatal(err)
				}
				defer closer.Close()
				v, err := Apply(g, view, nil)
				if err != nil {
					t.Fatal(err)
				}
				list := base + "." + view + ".tsv"
				want, got := wanted(t, list), found(t, v, view == "plugin")
				if view == "snippets" {
					onlySubgraphs(want)
				}
				if !slices.Equal(got, want) {
					_, _, _, missing, extra := score(got, want)
					t.Fatalf("%d candidates, want %d\nmissing:\n%s\nextra:\n%s", len(got), len(want), spell(missing), spell(extra))
				}
				if view == "plugin" {
					checkUnits(t, v, wantedUnits(t, list))
				}
			})
		}
	}
}

// onlySubgraphs leaves of the fused names the members of Subgraphs.
func onlySubgraphs(list []listed) {
	for i := range list {
		if list[i].cpuType != "Subgraph" {
			list[i].fused = ""
		}
	}
}

func unzip(t *testing.T, path, dir string) {
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(f.Name)), b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}
