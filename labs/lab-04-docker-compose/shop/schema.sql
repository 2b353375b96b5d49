CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    what text NOT NULL,
    taken_at timestamptz NOT NULL DEFAULT now(),
    packed_by text
);
