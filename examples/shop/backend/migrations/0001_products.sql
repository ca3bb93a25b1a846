CREATE TABLE product (
    name  text    PRIMARY KEY,
    cents integer NOT NULL CHECK (cents > 0)
);
INSERT INTO product (name, cents) VALUES ('tea', 450), ('coffee', 790), ('mug', 1200);
