package staging

import (
	"fmt"
	"strings"
	"time"
)

// engineerWords are the sentences for engineers of reasons without parameters.
var engineerWords = map[ReasonCode]string{
	ReasonRunning:           "Everything runs",
	ReasonArchived:          "No pod runs; data are kept",
	ReasonCommitNotSeen:     "Waiting for Argo CD to see the commit",
	ReasonNoApplication:     "Argo CD cannot create the Application",
	ReasonChangeNotSeen:     "Waiting for Argo CD to see the change",
	ReasonRemovalNotSeen:    "Waiting for Argo CD to see the removal",
	ReasonSaved:             "The change was just saved",
	ReasonReplacing:         "The Application is being removed; Argo CD makes it anew",
	ReasonAccepting:         "Waiting for Argo CD to accept the Application",
	ReasonEarlierChange:     "Waiting until Argo CD is done with an earlier change",
	ReasonApplying:          "Applying the change",
	ReasonNotApplied:        "Waiting for Argo CD to apply the change",
	ReasonAutoSyncOff:       "Automated sync of the Application is off, so Argo CD applies nothing",
	ReasonChecking:          "Checking the result",
	ReasonDataNotOurs:       "The server has a database or a role of this name that Octopod did not make",
	ReasonDataGone:          "The data of the earlier generation are gone, and nothing was changed; a reset makes new ones",
	ReasonDataInUse:         "The database or its seed is in use by a session that cannot be ended",
	ReasonDatabaseAway:      "The database server does not answer",
	ReasonDatabaseFull:      "The database server has no space",
	ReasonDatabaseFailed:    "The Job of the database failed",
	ReasonMigrationFailed:   "The migration failed",
	ReasonMigrationHeld:     "The migration failed, and the version before still runs",
	ReasonPaused:            "Paused",
	ReasonTeardownRuns:      "The teardown runs",
	ReasonTeardownDone:      "The teardown is done",
	ReasonGone:              "Gone",
	ReasonRefused:           "Argo CD refuses the Application",
	ReasonRenderFailed:      "Argo CD cannot render what is committed",
	ReasonApplyFailed:       "The change could not be applied",
	ReasonCheckFailed:       "Everything was applied, but a check after it failed",
	ReasonNamespaceGone:     "The namespace was deleted outside of Octopod, and its data are lost; `octopod restart` creates everything again, empty",
	ReasonTeardownFailed:    "The teardown failed",
	ReasonInvalidRecord:     "The record of this staging cannot be read.",
	ReasonInvalidManifests:  "The manifests of this staging cannot be read",
	ReasonUnreadableFiles:   "The files of this staging cannot be read",
	ReasonEnvRepoUnreadable: "Argo CD cannot read the env repo just now",
}

// String returns the sentence for engineers: Deployment/backend does not work.
func (r Reason) String() string {
	text := r.Words
	if text == "" {
		text = r.engineers()
	}
	if r.Cause != "" {
		text += ": " + r.Cause
	}
	if r.EarlierServes {
		text = joinClause(text, "the earlier version still answers")
	}
	if r.Last != "" {
		text = joinClause(text, "last known: "+string(r.Last))
	}
	if r.Awaiting == "" {
		return text
	}
	return joinClause(text, "waiting for the image of "+strings.Join(r.Awaiting.List(), " and "))
}

// engineers is String without the awaited images.
func (r Reason) engineers() string {
	parts := strings.Join(r.Parts.List(), ", ")
	switch r.Code {
	case ReasonCommitNotSeen, ReasonChangeNotSeen, ReasonRemovalNotSeen:
		if r.For > 0 {
			return "Argo CD has not seen the commit for " + span(r.For)
		}
	case ReasonSyncWindow:
		return r.closedWindow()
	case ReasonEarlierChange, ReasonApplying, ReasonNotApplied:
		return engineerWords[r.Code] + r.lasting()
	case ReasonDataCopying, ReasonDataResetting, ReasonDataRestoring, ReasonDataSaving, ReasonMigrating:
		return testerWords[r.Code] + r.lasting()
	case ReasonSeedMissing:
		return "The seed " + parts + " does not exist on the server"
	case ReasonSnapshotMissing:
		return "The snapshot " + parts + " does not exist on the server"
	case ReasonArgoCDUnreachable:
		return "Unknown since " + r.Since.Format("15:04:05 MST") + ": Argo CD cannot be asked"
	case ReasonClusterUnreachable:
		return "Unknown since " + r.Since.Format("15:04:05 MST") + ": Argo CD cannot reach the cluster"
	case ReasonArgoCDIdle:
		return "Argo CD has checked nothing for " + span(r.For)
	case ReasonRetrying:
		return fmt.Sprintf("Applying the change failed and is tried again (%d)", r.Count)
	case ReasonStarting, ReasonStuck:
		return r.starting(parts)
	case ReasonStopping:
		return r.stopping()
	case ReasonRemoving:
		return r.removing()
	case ReasonCrash:
		return r.someOf("pods", parts) + " keeps crashing"
	case ReasonImageMissing:
		return "The image " + strings.Join(r.Images.List(), ", ") + " of " + parts + " does not exist or cannot be read"
	case ReasonConfigMissing:
		return parts + " cannot start: something that it is configured with does not exist"
	case ReasonUnhealthy:
		return doNotWork(r.Parts.List())
	case ReasonImagesUnknown:
		return "Argo CD cannot list the running image of " + parts
	case ReasonWrongImage:
		return "The wanted image of " + parts + " does not run"
	}
	return engineerWords[r.Code]
}

func (r Reason) closedWindow() string {
	if r.Since.IsZero() {
		return "A sync window of Argo CD allows no change at the moment"
	}
	return "A sync window of Argo CD allows no change until " + r.Since.Format("2006-01-02 15:04 MST")
}

func (r Reason) stopping() string {
	if r.Count == 0 {
		return "Pods are still stopping" + r.lasting()
	}
	return count(r.Count, "pod") + " still stopping" + r.lasting()
}

func (r Reason) removing() string {
	left := count(r.Count, "object") + " left"
	if r.For > 0 {
		return "Stuck for " + span(r.For) + ": " + left
	}
	return "Removing: " + left
}

// testerWords are the sentences for testers of reasons without parameters. Reasons
// that mean nothing to a tester have none: the phase is enough.
var testerWords = map[ReasonCode]string{
	ReasonRunning:  "Everything runs",
	ReasonSaved:    "The change was just saved",
	ReasonApplying: "Applying the change",
	ReasonChecking: "Checking the result",
	ReasonPaused:   "Paused",

	ReasonDataCopying:     "Copying the test data",
	ReasonDataResetting:   "Resetting the test data",
	ReasonDataRestoring:   "Restoring the test data",
	ReasonDataSaving:      "Saving the test data; the staging pauses for a moment",
	ReasonMigrating:       "Updating the database for this version",
	ReasonDataGone:        "The test data of before are gone. Nothing was changed: a reset makes new ones",
	ReasonDataNotOurs:     "There is a database of this name that Octopod did not make",
	ReasonDataInUse:       "The test data are in use and could not be changed",
	ReasonDatabaseAway:    "The database server does not answer",
	ReasonDatabaseFull:    "The database server has no space for the test data",
	ReasonDatabaseFailed:  "The test data could not be prepared",
	ReasonMigrationFailed: "The database could not be updated for this version",
	ReasonMigrationHeld:   "The database could not be updated for this version. The version before still runs",

	ReasonGone:          "Gone",
	ReasonApplyFailed:   "The change could not be applied",
	ReasonNamespaceGone: "Everything in it was deleted, and its data are lost. “Restart” creates it again, empty",
	ReasonCheckFailed:   "The change was applied, but a check after it failed",
}

// Plain returns the sentence for testers, who know neither git nor Kubernetes: API
// keeps crashing. It returns "" if the reason means nothing to a tester. titles are
// the titles of the services by name; a service without a title keeps its name.
func (r Reason) Plain(titles map[string]string) string {
	text := r.testers(titles)
	if r.EarlierServes && text != "" {
		text = joinClause(text, "the earlier version still answers")
	}
	if r.Awaiting == "" {
		return text
	}
	return joinClause(text, "the new version of "+strings.Join(titled(r.Awaiting, titles), " and ")+" is still being built")
}

// testers is Plain without the awaited images.
func (r Reason) testers(titles map[string]string) string {
	names := titled(r.Parts, titles)
	parts := strings.Join(names, " and ")
	switch r.Code {
	case ReasonCommitNotSeen, ReasonChangeNotSeen, ReasonNoApplication:
		if r.For > 0 {
			return "Nothing has happened for " + span(r.For)
		}
	case ReasonRetrying:
		return fmt.Sprintf("Applying the change failed and is tried again (%d)", r.Count)
	case ReasonStarting, ReasonStuck:
		return r.starting(parts)
	case ReasonApplying, ReasonEarlierChange:
		if r.Hanging != "" {
			return strings.Join(titled(r.Hanging, titles), " and ") + " has not ended for " + span(r.For) + "; the change waits for it"
		}
	case ReasonRemovalNotSeen, ReasonRemoving, ReasonStopping:
		if r.For > 0 {
			return "Stuck for " + span(r.For)
		}
	case ReasonSeedMissing, ReasonSnapshotMissing:
		return "The test data “" + strings.Join(r.Parts.List(), "") + "” are not there any more: choose others"
	case ReasonDataCopying, ReasonDataResetting, ReasonDataRestoring, ReasonMigrating:
		return testerWords[r.Code] + r.lasting()
	case ReasonCrash:
		return r.someOf("instances", parts) + " keeps crashing"
	case ReasonImageMissing:
		return "The version of " + parts + " that should run cannot be found"
	case ReasonConfigMissing:
		return parts + " cannot start: something that it needs is missing"
	case ReasonUnhealthy:
		return doNotWork(names)
	case ReasonWrongImage:
		return "The wrong version of " + parts + " is running"
	}
	return testerWords[r.Code]
}

// someOf formats a part that fails in some of its pods: 1 of 3 pods of backend.
func (r Reason) someOf(pods, parts string) string {
	if r.Total < 2 {
		return parts
	}
	return fmt.Sprintf("%d of %d %s of %s", r.Count, r.Total, pods, parts)
}

// starting formats the progress: Starting: 1 of 2 parts ready, for 60 min now. A
// stuck start begins with: Stuck for 60 min.
func (r Reason) starting(parts string) string {
	if r.Code == ReasonStuck {
		return fmt.Sprintf("Stuck for %s: %d of %d parts ready", span(r.For), r.Count, r.Total)
	}
	text := "Starting"
	if parts != "" {
		text += " " + parts
	}
	if r.Total > 0 {
		text += fmt.Sprintf(": %d of %d parts ready", r.Count, r.Total)
	}
	return text + r.lasting()
}

// lasting formats how long the reason has lasted, if that is too long.
func (r Reason) lasting() string {
	if r.For == 0 {
		return ""
	}
	return ", for " + span(r.For) + " now"
}

// titled replaces the names of services and workloads by titles.
func titled(parts Names, titles map[string]string) []string {
	names := parts.List()
	for i, part := range names {
		name := part[strings.Index(part, "/")+1:]
		if names[i] = titles[name]; names[i] == "" {
			names[i] = name
		}
	}
	return names
}

// doNotWork formats failing parts: Deployment/backend does not work.
func doNotWork(parts []string) string {
	switch len(parts) {
	case 0:
		return "Something does not work"
	case 1:
		return parts[0] + " does not work"
	}
	return strings.Join(parts, ", ") + " do not work"
}

// joinClause joins two clauses: Everything runs; waiting for the image of backend.
func joinClause(first, second string) string {
	if first == "" {
		return strings.ToUpper(second[:1]) + second[1:]
	}
	return first + "; " + second
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// span formats a duration: 40 s, 12 min, 3 h.
func span(d time.Duration) string {
	switch d = coarse(d); {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	}
	return fmt.Sprintf("%d h", int(d.Hours()))
}
