package staging

import "time"

// Verb names an action. The same word is the command, the API's path, the
// commit's subject and its Octopod-Action trailer.
type Verb string

// The verbs that write.
const (
	Deploy     Verb = "deploy" // create or update
	Create     Verb = "create" // fails if the staging exists
	Update     Verb = "update" // fails if the staging does not exist
	Set        Verb = "set"
	Unset      Verb = "unset"
	Archive    Verb = "archive"
	Restore    Verb = "restore"
	Restart    Verb = "restart"
	Delete     Verb = "delete"
	PinVerb    Verb = "pin"
	Unpin      Verb = "unpin"
	Keep       Verb = "keep" // from the sweep
	Unkeep     Verb = "unkeep"
	Extend     Verb = "extend" // restart the time to live
	Mark       Verb = "mark"   // record a test result
	Rollback   Verb = "rollback"
	Undo       Verb = "undo" // take back one change and keep later ones
	Regenerate Verb = "regenerate"

	// The verbs of the data of a staging: `octopod db reset` is db-reset.
	ResetData    Verb = "db-reset"    // start again from a seed
	SnapshotData Verb = "db-snapshot" // save a copy under a label
	RestoreData  Verb = "db-restore"  // return to a snapshot
	UndoData     Verb = "db-undo"     // return to the data before the last reset or restore
	ForgetData   Verb = "db-forget"   // remove a snapshot
)

// DataVerbs lists the verbs of the data of a staging.
func DataVerbs() []Verb { return []Verb{ResetData, SnapshotData, RestoreData, UndoData, ForgetData} }

// Action is a requested change of one staging. Each verb reads its own fields and
// ignores the others.
type Action struct {
	Verb   Verb   `json:"verb,omitempty"`
	Name   string `json:"name,omitempty"`   // empty with deploy and create: derived from Branch
	Branch string `json:"branch,omitempty"` // deploy, create, update

	Title        *string           `json:"title,omitempty"` // deploy, create, update, set
	Images       map[string]Build  `json:"images,omitempty"`
	PullRequest  *PullRequest      `json:"pullRequest,omitempty"`
	Unpins       bool              `json:"-"`                      // update, set: also unpin, to undo a rollback
	Join         bool              `json:"join,omitempty"`         // deploy: Name is the staging of another branch
	Force        bool              `json:"force,omitempty"`        // deploy: also builds that are older than the running ones
	NoImageCheck bool              `json:"noImageCheck,omitempty"` // deploy: do not check the images in their registries
	Set          map[string]string `json:"set,omitempty"`          // values as typed
	Absent       []string          `json:"absent,omitempty"`       // settings to remove, including the project's default
	Unset        []string          `json:"unset,omitempty"`        // settings to reset to the project's default
	Presets      []string          `json:"presets,omitempty"`      // add
	DropPresets  []string          `json:"dropPresets,omitempty"`  // remove

	// delete, with Branch: the repository that deleted the branch. Builds of other
	// repositories keep the staging. set: resets the services of this repository to the
	// default images.
	Repository string `json:"repository,omitempty"`

	// pin, rollback, keep, archive, restore, restart, delete, db-reset, db-restore; deploy, create,
	// update, set: of values that need a grant
	Reason        string   `json:"reason,omitempty"`
	ReasonDerived bool     `json:"-"` // nobody gave the reason: Octopod wrote it
	Ends          []string `json:"-"` // unset: settings whose values are taken back, since their grants ended

	To string `json:"to,omitempty"` // rollback: a revision; empty means the version before. undo: the revision of the change
	// rollback of a default branch's staging: return the project's default images too, and
	// leave the staging open for the next build
	WithDefault bool `json:"withDefault,omitempty"`
	WithData    bool `json:"withData,omitempty"` // rollback: return the wanted data of the version, too
	Finish      bool `json:"finish,omitempty"`   // delete: the teardown is done, remove the record

	Outcome Outcome `json:"outcome,omitempty" enum:"tested,broken,none"` // mark: none removes the mark
	Note    string  `json:"note,omitempty"`                              // mark, db-snapshot

	Generation int    `json:"-"`                    // db-undo: of the data to take back; 0 means the present ones
	Seed       string `json:"seed,omitempty"`       // db-reset; empty means the seed that the data started from
	Label      string `json:"label,omitempty"`      // db-snapshot, db-restore, db-forget: of the snapshot
	Migrations string `json:"migrations,omitempty"` // deploy, create, update: tree hash of the migrations of the built commit

	// keep: end of the protection; archive: when the sweep restores it; deploy, create, update,
	// set: end of values that need a grant
	Until      *time.Time `json:"until,omitempty"`
	BranchGone bool       `json:"branchGone,omitempty"` // archive: because no repository has the branch
}

// Exceptions lists the fields of the action that skip a check or a step of the
// lifecycle, by their names in JSON.
func (a Action) Exceptions() []string {
	var skipped []string
	add := func(name string, set bool) {
		if set {
			skipped = append(skipped, name)
		}
	}
	add("noImageCheck", a.NoImageCheck)
	add("force", a.Force)
	add("finish", a.Finish)
	add("branchGone", a.BranchGone)
	return skipped
}

// Build is an image that CI built for one service.
type Build struct {
	Image      string    `json:"image"`
	Commit     string    `json:"commit,omitempty"`
	Repository string    `json:"repository,omitempty"`
	Committed  time.Time `json:"committed,omitzero"` // when the commit was made
	Run        Run       `json:"run,omitzero"`       // of CI
	Replaces   string    `json:"replaces,omitempty"` // previous commit of the branch: a service that runs it is older, whatever the clocks say
}
