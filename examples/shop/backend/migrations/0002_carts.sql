CREATE TABLE item (
    customer text    NOT NULL,
    product  text    NOT NULL REFERENCES product (name),
    quantity integer NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (customer, product)
);
