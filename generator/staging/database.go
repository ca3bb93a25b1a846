package staging

import (
	"maps"
	"strings"
	"time"
)

// Database is the wanted data of a staging. A record without it wants generation 1 of the
// project's default seed.
type Database struct {
	// Number of the data: a reset and a restore increment it. Absent: 1.
	Generation int `yaml:"generation,omitempty" json:"generation,omitempty"`
	// Source of the data: seed/small or snapshot/before-checkout. Absent: the default seed.
	From string `yaml:"from,omitempty" json:"from,omitempty"`
	// Database or image of the seed at the time of the reset: a newer seed changes no staging.
	Template string `yaml:"template,omitempty" json:"template,omitempty"`
	// Time, author and reason of the last reset, restore or undo. Absent: the data are of the creation.
	Since *DatabaseChange `yaml:"since,omitempty" json:"since,omitempty"`
	// Data before the last reset or restore. Absent: it cannot be undone.
	Before *EarlierData `yaml:"before,omitempty" json:"before,omitempty"`
	// Named copies of the data, by their labels.
	Snapshots map[string]Snapshot `yaml:"snapshots,omitempty" json:"snapshots,omitempty"`
	// Tree hash of the migrations of each service whose version is deployed.
	Migrated map[string]string `yaml:"migrated,omitempty" json:"migrated,omitempty"`
}

// DatabaseChange is the last change of the data of a staging.
type DatabaseChange struct {
	// Time of the change.
	At time.Time `yaml:"at" json:"at"`
	// Author of the change.
	By string `yaml:"by" json:"by"`
	// Reason of the change, if the author gave one.
	Reason string `yaml:"reason,omitempty" json:"reason,omitempty"`
}

// EarlierData are the data that an undo returns to.
type EarlierData struct {
	// Number of the data.
	Generation int `yaml:"generation" json:"generation"`
	// Source of the data.
	From string `yaml:"from,omitempty" json:"from,omitempty"`
	// Database or image of the seed.
	Template string `yaml:"template,omitempty" json:"template,omitempty"`
	// Change that brought these data.
	Since *DatabaseChange `yaml:"since,omitempty" json:"since,omitempty"`
}

// Snapshot is a named copy of the data of a staging.
type Snapshot struct {
	// Number of the data that it is a copy of.
	Generation int `yaml:"generation" json:"generation"`
	// Time of the snapshot.
	At time.Time `yaml:"at" json:"at"`
	// Author of the snapshot.
	By string `yaml:"by" json:"by"`
	// Note for people, for example: cart with 3 items.
	Note string `yaml:"note,omitempty" json:"note,omitempty"`
}

// The kinds of sources of data, in the field from.
const (
	seedPrefix     = "seed/"
	snapshotPrefix = "snapshot/"
)

// SeedSource returns the field from for a seed.
func SeedSource(name string) string { return seedPrefix + name }

// SnapshotSource returns the field from for a snapshot.
func SnapshotSource(label string) string { return snapshotPrefix + label }

// Seed returns the name of the seed that the data started from; "" for a snapshot.
func (d Database) Seed() string {
	name, ok := strings.CutPrefix(d.From, seedPrefix)
	if !ok {
		return ""
	}
	return name
}

// RestoredFrom returns the label of the snapshot that the data started from; "" for a seed.
func (d Database) RestoredFrom() string {
	label, ok := strings.CutPrefix(d.From, snapshotPrefix)
	if !ok {
		return ""
	}
	return label
}

// Number returns the generation.
func (d Database) Number() int { return max(d.Generation, 1) }

// Data returns the wanted data of a record: a copy, empty where the record has none.
func (s Spec) Data() Database {
	if s.Database == nil {
		return Database{}
	}
	return *s.Database.clone()
}

func (d *Database) clone() *Database {
	c := clonePointer(d)
	if c != nil {
		c.Since, c.Before = clonePointer(d.Since), clonePointer(d.Before)
		c.Snapshots, c.Migrated = maps.Clone(d.Snapshots), maps.Clone(d.Migrated)
	}
	return c
}
