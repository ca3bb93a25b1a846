// Package server is one process that serves several projects: the doors for
// people and programs (web, httpapi, webhooks, metrics), the loops behind them
// (feeds, sweeps, notifications), and the order in which all of it ends.
//
// It reads no flags and prints nothing: cmd/octopod does, and connects each
// project.
package server
