// Package database holds the nouns of a staging's database: its name, what the record
// wants of it, the mark that a server keeps of each copy, and the plan of steps from the
// copies on a server to the wanted ones. Pure: drivers such as generator/postgres execute
// the plan.
//
// A database x has a family of copies: x itself, x__new while a copy is made, x__old with
// the data before the last reset, and x__ with eight hexadecimal digits for each snapshot.
// A run may end at any step. The next run plans again from what it observes, so the plan is
// the proof of safety: each copy gets its mark last, and the staging's database changes
// only by renames in one transaction.
package database
