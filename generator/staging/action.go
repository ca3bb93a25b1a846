package staging

import "time"

// Verb names an action. The same word is the command, the API's path, the
// commit's subject and its Octopod-Action trailer.
type Verb string

// The verbs that write.
const (
	Deploy     Verb = "deploy" // create or update
	Create     Verb = "create" // refuse when there
	Update     Verb = "update" // refuse when not there
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
	Extend     Verb = "extend" // its time to live begins anew
	Mark       Verb = "mark"   // what somebody found who tried it
	Rollback   Verb = "rollback"
	Regenerate Verb = "regenerate"
)

// Action is what somebody asks of one staging. Only the fields that the verb
// reads are looked at; the rest stay empty.
type Action struct {
	Verb   Verb   `json:"verb,omitempty"`
	Name   string `json:"name,omitempty"`   // empty with deploy and create: derived from Branch
	Branch string `json:"branch,omitempty"` // deploy, create, update

	Title        *string           `json:"title,omitempty"` // deploy, create, update, set
	Images       map[string]Build  `json:"images,omitempty"`
	PullRequest  *PullRequest      `json:"pullRequest,omitempty"`
	Join         bool              `json:"join,omitempty"`         // deploy: Name is the staging of another branch
	Force        bool              `json:"force,omitempty"`        // deploy: also what is older than what runs
	NoImageCheck bool              `json:"noImageCheck,omitempty"` // deploy: ask no registry for the images
	Set          map[string]string `json:"set,omitempty"`          // values as a person types them
	Absent       []string          `json:"absent,omitempty"`       // remove even the project's default
	Unset        []string          `json:"unset,omitempty"`        // back to the project's default
	Presets      []string          `json:"presets,omitempty"`      // add
	DropPresets  []string          `json:"dropPresets,omitempty"`  // remove

	// delete, with Branch: the repository that lost it. What others built on the
	// branch keeps the staging; set: builds of this repository give way to the defaults.
	Repository string `json:"repository,omitempty"`

	Reason string `json:"reason,omitempty"` // pin, rollback, keep, archive, restore, restart, delete
	To     string `json:"to,omitempty"`     // rollback: a revision; empty means the version before
	Finish bool   `json:"finish,omitempty"` // delete: the teardown is over, remove the record

	Outcome Outcome `json:"outcome,omitempty" enum:"tested,broken,none"` // mark: none takes the mark away
	Note    string  `json:"note,omitempty"`                              // mark

	Until      *time.Time `json:"until,omitempty"`      // keep: no longer than this; archive: the sweep wakes it then
	BranchGone bool       `json:"branchGone,omitempty"` // archive: because its branch is in no repository
}

// Build is what CI made for one service.
type Build struct {
	Image      string    `json:"image"`
	Commit     string    `json:"commit,omitempty"`
	Repository string    `json:"repository,omitempty"`
	Committed  time.Time `json:"committed,omitzero"` // when the commit was made
	Run        Run       `json:"run,omitzero"`       // that built it
	Replaces   string    `json:"replaces,omitempty"` // commit that its branch was at before: what runs that is older, whatever clocks say
}
