package report

import (
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"halfway/bisect"
)

type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		Invocations []sarifInvocation `json:"invocations"`
		Results     []sarifResult     `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name  string      `json:"name"`
		Rules []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string    `json:"id"`
		ShortDescription sarifText `json:"shortDescription"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifInvocation struct {
		Successful    bool                `json:"executionSuccessful"`
		Notifications []sarifNotification `json:"toolExecutionNotifications,omitempty"`
	}
	sarifNotification struct {
		Level   string    `json:"level"`
		Message sarifText `json:"message"`
	}
	sarifResult struct {
		RuleID       string            `json:"ruleId"`
		RuleIndex    int               `json:"ruleIndex"`
		Level        string            `json:"level"`
		Message      sarifText         `json:"message"`
		Locations    []sarifLocation   `json:"locations"`
		Fingerprints map[string]string `json:"partialFingerprints"`
	}
	sarifLocation struct {
		Physical sarifPhysical  `json:"physicalLocation"`
		Logical  []sarifLogical `json:"logicalLocations,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine int `json:"startLine"`
	}
	sarifLogical struct {
		Name string `json:"fullyQualifiedName"`
		Kind string `json:"kind"`
	}
)

// SARIF writes what a result found as a SARIF 2.1.0 log. The place of every finding is the model's file; the node is its logical location.
func SARIF(w io.Writer, r *bisect.Result) error {
	run := sarifRun{Results: []sarifResult{}, Invocations: []sarifInvocation{{Successful: r.Outcome != bisect.Unresolved}}}
	run.Tool.Driver.Name = "halfway"
	index := map[string]int{}
	for i, k := range rules {
		index[k.name] = i
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{k.name, sarifText{k.help}})
	}
	for _, text := range r.Warnings {
		run.Invocations[0].Notifications = append(run.Invocations[0].Notifications, sarifNotification{"warning", sarifText{Printable(text)}})
	}
	for _, f := range findings(r) {
		place := sarifLocation{Physical: sarifPhysical{sarifArtifact{fileURI(r.Model.Path)}, sarifRegion{1}}}
		if f.tag != "" {
			place.Logical = []sarifLogical{{Printable(f.tag), "member"}}
		}
		run.Results = append(run.Results, sarifResult{f.rule, index[f.rule], f.level, sarifText{f.message}, []sarifLocation{place},
			map[string]string{"halfway/v1": f.fingerprint(r)}})
	}
	return JSON(w, sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}})
}

// fileURI is a path as a URI, a relative one where the path is.
func fileURI(path string) string {
	u := url.URL{Path: strings.ToValidUTF8(filepath.ToSlash(path), "\uFFFD")}
	if filepath.IsAbs(path) {
		u.Scheme = "file"
	}
	return u.String()
}
