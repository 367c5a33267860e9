-- json and jsonb.

-- case: a member of a column is an argument
SELECT jsonb_array_length(j->'a'), jsonb_typeof(j->'b'), coalesce(j->>'zz', j->>'b', 'none'), upper(j->>'b')
FROM (VALUES ('{"a":[1,2],"b":"x"}'::jsonb)) t(j);
-- 2|string|x|X
SELECT e FROM (VALUES ('{"a":[1,2]}'::jsonb)) t(j), jsonb_array_elements(j->'a') e;
-- 1
-- 2
SELECT max(j->>'b'), jsonb_agg(j->'a' ORDER BY j->>'b') FROM (VALUES ('{"a":[1,2],"b":"x"}'::jsonb)) t(j);
-- x|[[1, 2]]
CREATE FUNCTION skus(j jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  e jsonb;
  found text := '';
BEGIN
  FOR e IN SELECT * FROM jsonb_array_elements(j->'items') LOOP
    found := found || (e->>'sku') || '=' || (e->>'qty')::int * 2 || ';';
  END LOOP;
  RETURN found;
END $$;
SELECT skus('{"items":[{"sku":"a","qty":2},{"sku":"b","qty":3}]}');
-- a=4;b=6;

-- case: jsonb is spelled in one way
SELECT '{"b":1, "a":[1,2,  {"c":null}]}'::jsonb, '[]'::jsonb, '"x"'::jsonb, '1.50'::jsonb, 'true'::jsonb, ' {} '::jsonb;
-- {"a": [1, 2, {"c": null}], "b": 1}|[]|"x"|1.50|true|{}

-- case: json is kept as it is
SELECT '{"b":1, "a": 2}'::json, ' [1 ]'::json;
-- {"b":1, "a": 2}| [1 ]

-- case: of equal keys the last counts
SELECT '{"a":1,"a":2}'::jsonb;
-- {"a": 2}

-- case: keys are sorted by length, then bytes
SELECT '{"bb":1,"a":2,"c":3,"aa":4}'::jsonb;
-- {"a": 2, "c": 3, "aa": 4, "bb": 1}

-- case: what is no json
SELECT '{'::jsonb;
-- ERROR 22P02
SELECT '{a:1}'::json;
-- ERROR 22P02
SELECT ''::jsonb;
-- ERROR 22P02
SELECT '[1,]'::jsonb;
-- ERROR 22P02

-- case: members and elements
SELECT '{"a":{"b":5}}'::jsonb -> 'a', '{"a":"x"}'::jsonb ->> 'a', '[1,2,3]'::jsonb -> 0, '[1,2,3]'::jsonb -> -1, '[1,"x"]'::jsonb ->> 1, '{"a":1}'::jsonb -> 'z', '{"a":null}'::jsonb ->> 'a';
-- {"b": 5}|x|1|3|x|∅|∅

-- case: members of json
SELECT '{"a": {"b":5}}'::json -> 'a', '{"a":"x"}'::json ->> 'a';
-- ERROR 0A000
-- differs: Whatever is not listed here is refused
-- {"b":5}|x

-- case: paths
SELECT '{"a":{"b":[10,20]}}'::jsonb #> '{a,b}', '{"a":{"b":[10,20]}}'::jsonb #>> '{a,b,1}', '{"a":1}'::jsonb #> '{x}';
-- [10, 20]|20|∅

-- case: containment and keys
SELECT '{"a":1,"b":2}'::jsonb @> '{"a":1}', '{"a":1}'::jsonb <@ '{"a":1,"b":2}', '{"a":1}'::jsonb ? 'a', '["x"]'::jsonb ? 'x';
-- t|t|t|t

-- case: equality is by value
SELECT '{"a":1,"b":2}'::jsonb = '{"b":2,"a":1}'::jsonb, '1.0'::jsonb = '1.00'::jsonb, '[1]'::jsonb <> '[2]'::jsonb;
-- t|t|t

-- case: building
SELECT jsonb_build_object('a', 1, 'b', 'x', 'c', NULL, 'd', true, 'e', 1.50), jsonb_build_array(1, 'x', NULL), jsonb_build_object();
-- {"a": 1, "b": "x", "c": null, "d": true, "e": 1.50}|[1, "x", null]|{}
SELECT jsonb_build_object('a');
-- ERROR 22023

-- case: to_jsonb
SELECT to_jsonb(5), to_jsonb('x'::text), to_jsonb(true), to_jsonb(1.50), to_jsonb(date '2024-01-02');
-- 5|"x"|true|1.50|"2024-01-02"

-- case: lengths and types
SELECT jsonb_array_length('[1,2,3]'), jsonb_typeof('{}'), jsonb_typeof('1'), jsonb_typeof('null');
-- 3|object|number|null
SELECT jsonb_array_length('{}');
-- ERROR 22023

-- case: elements in FROM
SELECT value FROM jsonb_array_elements('[1,"x",{"a":2}]'::jsonb);
-- 1
-- "x"
-- {"a": 2}
SELECT value FROM jsonb_array_elements_text('[1,"x"]'::jsonb);
-- 1
-- x

-- case: members in FROM
SELECT key, value FROM jsonb_each('{"a":1,"b":"x"}'::jsonb) ORDER BY key;
-- a|1
-- b|"x"

-- case: aggregation
SELECT jsonb_agg(n ORDER BY n DESC) FROM (VALUES (1, 'a'), (2, 'b')) AS v (n, w);
-- [2, 1]
SELECT jsonb_object_agg(w, n) FROM (VALUES (1, 'a'), (2, 'b')) AS v (n, w);
-- {"a": 1, "b": 2}

-- case: setting, concatenating and removing
SELECT jsonb_set('{"a":1}', '{a}', '2'), '{"a":1}'::jsonb || '{"b":2}', '{"a":1,"b":2}'::jsonb - 'a';
-- {"a": 2}|{"a": 1, "b": 2}|{"b": 2}

-- case: columns of jsonb
CREATE TABLE d (id int PRIMARY KEY, doc jsonb NOT NULL, raw json);
INSERT INTO d VALUES (1, '{"n": 5, "tags": ["x", "y"]}', '{ "k":1 }'), (2, '{"n": 7}', NULL) RETURNING doc, raw;
-- {"n": 5, "tags": ["x", "y"]}|{ "k":1 }
-- {"n": 7}|∅
SELECT id, doc ->> 'n', (doc ->> 'n')::int + 1 FROM d ORDER BY id;
-- 1|5|6
-- 2|7|8
SELECT id FROM d WHERE doc ->> 'n' = '7';
-- 2
UPDATE d SET doc = jsonb_build_object('n', id) WHERE id = 2 RETURNING doc;
-- {"n": 2}
INSERT INTO d VALUES (3, 'oops');
-- ERROR 22P02

-- case: texts inside of json
SELECT '"a\u0041\n\"é"'::jsonb, '"a\u0041\n\"é"'::jsonb #>> '{}', to_jsonb('a"b\c'::text);
-- "aA\\n\\"é"|aA\n"é|"a\\"b\\\\c"

-- case: numbers inside of json are exact
SELECT '12345678901234567890.10'::jsonb, '1e2'::jsonb, '[0.1, -0, 1E-3]'::jsonb;
-- 12345678901234567890.10|100|[0.1, 0, 0.001]
