package main

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// carts keeps the carts of the customers in PostgreSQL.
type carts struct{ pool *pgxpool.Pool }

// Item is a product, and how many of it are in a cart.
type Item struct {
	Product  string `json:"product"`
	Cents    int    `json:"cents"`
	Quantity int    `json:"quantity"`
}

// errNoProduct reports a product that the shop does not sell.
var errNoProduct = errors.New("the shop does not sell this")

// foreignKey is PostgreSQL's code of a row that refers to nothing.
const foreignKey = "23503"

// cart returns every product, with its quantity in the cart of a customer.
func (c carts) cart(ctx context.Context, customer string) ([]Item, error) {
	rows, err := c.pool.Query(ctx, `SELECT name, cents, coalesce(quantity, 0) AS quantity
		FROM product LEFT JOIN item ON product = name AND customer = $1 ORDER BY name`, customer)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Item])
}

// add puts one more of a product into a cart.
func (c carts) add(ctx context.Context, customer, product string) error {
	_, err := c.pool.Exec(ctx, `INSERT INTO item (customer, product, quantity) VALUES ($1, $2, 1)
		ON CONFLICT (customer, product) DO UPDATE SET quantity = item.quantity + 1`, customer, product)
	if said := (*pgconn.PgError)(nil); errors.As(err, &said) && said.Code == foreignKey {
		return errNoProduct
	}
	return err
}

// pay empties a cart, if the payment of its total succeeds. A second payment of
// the same cart waits for the first.
func (c carts) pay(ctx context.Context, customer string, charge func(cents int) error) (cents int, err error) {
	return cents, pgx.BeginFunc(ctx, c.pool, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `WITH bought AS (DELETE FROM item WHERE customer = $1 RETURNING product, quantity)
			SELECT coalesce(sum(quantity * cents), 0) FROM bought JOIN product ON name = product`, customer).Scan(&cents)
		if err != nil || cents == 0 {
			return err
		}
		return charge(cents)
	})
}
