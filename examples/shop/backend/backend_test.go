package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"octopod/generator/testenv"
)

// shop is a backend with a database of its own, migrated.
type shop struct {
	*httptest.Server
	pool *pgxpool.Pool
	log  *bytes.Buffer
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// postgres is the server of all tests; each has a database of its own.
var postgres *testenv.Postgres

func TestMain(m *testing.M) { os.Exit(serving(m)) }

func serving(m *testing.M) int {
	var err error
	if postgres, err = testenv.StartPostgres(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = postgres.Close() }() // its folder is temporary
	return m.Run()
}

// database returns connections to an empty database.
func database(t *testing.T) *pgxpool.Pool {
	t.Helper()
	name := strings.ToLower(t.Name())
	postgres.Exec(t, "postgres", "CREATE ROLE "+name+" LOGIN PASSWORD 'of-the-shop'", "CREATE DATABASE "+name+" OWNER "+name)
	pool, err := pgxpool.New(t.Context(), postgres.Login(name, "of-the-shop", name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func open(t *testing.T, gateway, url, key string) *shop {
	t.Helper()
	pool := database(t)
	if err := migrate(t.Context(), pool, quiet()); err != nil {
		t.Fatal(err)
	}
	payments, err := newGateway(t.Context(), gateway, url, key)
	if err != nil {
		t.Fatal(err)
	}
	log := &bytes.Buffer{}
	s := &server{carts: carts{pool}, gateway: payments, log: slog.New(slog.NewTextHandler(log, nil))}
	opened := httptest.NewServer(s.handler())
	t.Cleanup(opened.Close)
	return &shop{opened, pool, log}
}

func (s *shop) ask(t *testing.T, method, path string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := s.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var text bytes.Buffer
	if _, err := text.ReadFrom(answer.Body); err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, text.String()
}

// quantity returns how many of a product are in a cart.
func (s *shop) quantity(t *testing.T, customer, product string) int {
	t.Helper()
	code, text := s.ask(t, http.MethodGet, "/carts/"+customer)
	var cart Cart
	if err := json.Unmarshal([]byte(text), &cart); err != nil || code != http.StatusOK {
		t.Fatalf("%d: %s", code, text)
	}
	for _, item := range cart.Items {
		if item.Product == product {
			return item.Quantity
		}
	}
	t.Fatalf("no %s in %s", product, text)
	return 0
}

func TestCartIsOfOneCustomer(t *testing.T) {
	s := open(t, "sandbox", "", "")
	for range 2 {
		if code, text := s.ask(t, http.MethodPost, "/carts/eve/tea"); code != http.StatusOK {
			t.Fatalf("%d: %s", code, text)
		}
	}
	if eve, bob := s.quantity(t, "eve", "tea"), s.quantity(t, "bob", "tea"); eve != 2 || bob != 0 {
		t.Errorf("eve has %d, bob %d", eve, bob)
	}
	if code, text := s.ask(t, http.MethodPost, "/carts/eve/gold"); code != http.StatusNotFound || !strings.Contains(text, "does not sell") {
		t.Errorf("%d: %s", code, text)
	}
}

func TestSandboxTakesAPayment(t *testing.T) {
	s := open(t, "", "", "")
	s.ask(t, http.MethodPost, "/carts/eve/mug")
	if code, text := s.ask(t, http.MethodPost, "/carts/eve/payment"); code != http.StatusOK || strings.TrimSpace(text) != `{"cents":1200}` {
		t.Errorf("%d: %s", code, text)
	}
	if left := s.quantity(t, "eve", "mug"); left != 0 {
		t.Errorf("%d are left in the cart", left)
	}
}

// Without a key no money moves, and the cart stays.
func TestProductionNeedsAKey(t *testing.T) {
	s := open(t, "production", "http://127.0.0.1:1", "")
	s.ask(t, http.MethodPost, "/carts/eve/mug")
	if code, text := s.ask(t, http.MethodPost, "/carts/eve/payment"); code != http.StatusPaymentRequired || !strings.Contains(text, "STRIPE_KEY") {
		t.Errorf("%d: %s", code, text)
	}
	if left := s.quantity(t, "eve", "mug"); left != 1 {
		t.Errorf("%d are left in the cart", left)
	}
}

func TestProductionSendsItsKey(t *testing.T) {
	var key string
	var paid charge
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key = r.Header.Get("Authorization")
		_ = json.NewDecoder(r.Body).Decode(&paid)
		w.WriteHeader(http.StatusCreated)
	}))
	defer gateway.Close()
	s := open(t, "production", gateway.URL, "of-the-provider")
	s.ask(t, http.MethodPost, "/carts/eve/coffee")
	if code, text := s.ask(t, http.MethodPost, "/carts/eve/payment"); code != http.StatusOK {
		t.Errorf("%d: %s", code, text)
	}
	if key != "Bearer of-the-provider" || paid != (charge{"eve", 790}) {
		t.Errorf("the gateway got %q, %v", key, paid)
	}
	if strings.Contains(s.log.String(), "of-the-provider") {
		t.Errorf("the key is in the log: %s", s.log)
	}
}

func TestFailedPaymentKeepsTheCart(t *testing.T) {
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) }))
	defer gateway.Close()
	s := open(t, "production", gateway.URL, "wrong")
	s.ask(t, http.MethodPost, "/carts/eve/coffee")
	if code, _ := s.ask(t, http.MethodPost, "/carts/eve/payment"); code != http.StatusBadGateway {
		t.Errorf("got %d", code)
	}
	if left := s.quantity(t, "eve", "coffee"); left != 1 {
		t.Errorf("%d are left in the cart", left)
	}
}

// The health of the program does not depend on its database: a restart would not
// bring that back.
func TestHealthTellsOfTheDatabase(t *testing.T) {
	s := open(t, "sandbox", "", "")
	if code, text := s.ask(t, http.MethodGet, "/health"); code != http.StatusOK || !strings.Contains(text, branch) {
		t.Errorf("%d: %s", code, text)
	}
	s.pool.Close()
	if code, _ := s.ask(t, http.MethodGet, "/health"); code != http.StatusServiceUnavailable {
		t.Errorf("without a database: %d", code)
	}
	if code, _ := s.ask(t, http.MethodGet, "/healthz"); code != http.StatusOK {
		t.Errorf("the program: %d", code)
	}
}

// Ten migrations at once apply each migration once.
func TestMigrateOnce(t *testing.T) {
	pool := database(t)
	var group sync.WaitGroup
	errs := make([]error, 10)
	for i := range errs {
		group.Go(func() { errs[i] = migrate(t.Context(), pool, quiet()) })
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	var applied, products int
	if err := pool.QueryRow(t.Context(), "SELECT (SELECT count(*) FROM migration), (SELECT count(*) FROM product)").Scan(&applied, &products); err != nil {
		t.Fatal(err)
	}
	if applied != 2 || products != 3 {
		t.Errorf("%d migrations, %d products", applied, products)
	}
}

// A migration that fails leaves nothing of itself behind.
func TestFailedMigrationChangesNothing(t *testing.T) {
	pool := database(t)
	if _, err := pool.Exec(t.Context(), "CREATE TABLE item (of_somebody text)"); err != nil {
		t.Fatal(err)
	}
	if err := migrate(t.Context(), pool, quiet()); err == nil || !strings.Contains(err.Error(), "0002_carts") {
		t.Errorf("got %v", err)
	}
	var left bool
	if err := pool.QueryRow(t.Context(), "SELECT to_regclass('product') IS NOT NULL OR to_regclass('migration') IS NOT NULL").Scan(&left); err != nil || left {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestBadSettingsAreNamed(t *testing.T) {
	if _, err := newGateway(t.Context(), "free", "", ""); err == nil || !strings.Contains(err.Error(), `"free"`) {
		t.Errorf("got %v", err)
	}
	if _, err := logger("loud"); err == nil || !strings.Contains(err.Error(), "LOG_LEVEL") {
		t.Errorf("got %v", err)
	}
	if log, err := logger("warn"); err != nil || log.Enabled(t.Context(), slog.LevelInfo) || !log.Enabled(t.Context(), slog.LevelWarn) {
		t.Errorf("warn: %v", err)
	}
	if err := run(t.Context(), []string{"sell"}); err == nil || !strings.Contains(err.Error(), "migrate") {
		t.Errorf("got %v", err)
	}
}

// The program ends with its context, as in a pod that ends.
func TestListenEndsWithItsContext(t *testing.T) {
	t.Setenv("LISTEN", "127.0.0.1:0")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- listen(ctx, database(t), slog.New(slog.NewTextHandler(os.Stderr, nil))) }()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
