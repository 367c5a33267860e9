-- Changing, collecting and spreading out jsonb.

-- case: jsonb_set
SELECT jsonb_set('{"a": 1}', '{a}', '2'), jsonb_set('{"a": 1}', '{b}', '2'), jsonb_set('{"a": 1}', '{b}', '2', false), jsonb_set('{"a": {"b": 1}}', '{a,b}', '[1]'), jsonb_set('{"a": {}}', '{a,b,c}', '1'), jsonb_set('{"a": 1}', '{a,b}', '1'), jsonb_set('{}', '{}', '1'), jsonb_set('{}', '{a}', '1'), jsonb_set('{}', '{a}', '1', false);
-- {"a": 2}|{"a": 1, "b": 2}|{"a": 1}|{"a": {"b": [1]}}|{"a": {}}|{"a": 1}|{}|{"a": 1}|{}
SELECT jsonb_set('[1, 2, 3]', '{1}', '9'), jsonb_set('[1, 2]', '{5}', '9'), jsonb_set('[1, 2]', '{-1}', '9'), jsonb_set('[1, 2]', '{-5}', '9'), jsonb_set('[1, 2]', '{5}', '9', false), jsonb_set('[]', '{0}', '9'), jsonb_set('[]', '{-3}', '9'), jsonb_set('[{"a": 1}]', '{0,a}', 'null'), jsonb_set('[[1], 2]', '{0,0}', '"x"'), jsonb_set('[1]', '{3,0}', '1'), jsonb_set('[1]', '{ 0}', '7');
-- [1, 9, 3]|[1, 2, 9]|[1, 9]|[9, 1, 2]|[1, 2]|[9]|[9]|[{"a": null}]|[["x"], 2]|[1]|[7]
SELECT jsonb_set(NULL, '{a}', '1'), jsonb_set('{}', NULL, '1'), jsonb_set('{}', '{a}', NULL), jsonb_set('{}', '{a}', '1', NULL);
-- ∅|∅|∅|∅
SELECT jsonb_set('1', '{a}', '2');
-- ERROR 22023
SELECT jsonb_set('[1]', '{a}', '2');
-- ERROR 22P02
SELECT jsonb_set('[1]', '{1x}', '2');
-- ERROR 22P02
SELECT jsonb_set('{"a": 1}', '{NULL}', '2');
-- ERROR 22004
SELECT jsonb_set('{"a": 1}', '{b,NULL}', '2');
-- {"a": 1}
SELECT jsonb_set('{"a": {"b": 1}}', '{a,NULL}', '2');
-- ERROR 22004
SELECT jsonb_set('{"a": 1}', 'a', '2');
-- ERROR 22P02
SELECT jsonb_set(1, '{a}', '2');
-- ERROR 42883
SELECT jsonb_set('{"a": 1.50}', ARRAY['b'], to_jsonb(2.50));
-- {"a": 1.50, "b": 2.50}
-- case: what a path leads to goes
SELECT '{"a": 1, "b": 2}'::jsonb #- '{a}', '{"a": {"b": 1, "c": 2}}'::jsonb #- '{a,b}', '[1, 2, 3]'::jsonb #- '{1}', '[1, 2, 3]'::jsonb #- '{-1}', '[1, 2]'::jsonb #- '{5}', '[1, 2]'::jsonb #- '{-5}', '{"a": 1}'::jsonb #- '{b}', '{"a": 1}'::jsonb #- '{}', '{"a": [1, {"b": 2}]}'::jsonb #- '{a,1,b}', '{"a": 1}'::jsonb #- NULL, '{"a": 1}'::jsonb #- '{a,b}', '[]'::jsonb #- '{a}';
-- {"b": 2}|{"a": {"c": 2}}|[1, 3]|[1, 2]|[1, 2]|[1, 2]|{"a": 1}|{"a": 1}|{"a": [1, {}]}|∅|{"a": 1}|[]
SELECT '1'::jsonb #- '{a}';
-- ERROR 22023
SELECT '[1]'::jsonb #- '{a}';
-- ERROR 22P02
SELECT '{"a": 1}'::jsonb #- '{NULL}';
-- ERROR 22004
SELECT '{"a": 1}'::jsonb #- ARRAY['a'], '{"a": 1}'::jsonb || '{"b": 2}' #- '{a}';
-- {}|{"b": 2}
SELECT '{"a": 1}'::jsonb #- 1;
-- ERROR 42883
-- case: any and all keys
SELECT '{"a": 1, "b": 2}'::jsonb ?| ARRAY['b', 'c'], '{"a": 1}'::jsonb ?| ARRAY['c'], '["a", "b"]'::jsonb ?& ARRAY['a', 'b'], '["a"]'::jsonb ?& '{a,b}', '{"a": 1}'::jsonb ?| '{}', '{"a": 1}'::jsonb ?& '{}', '{"a": 1}'::jsonb ?& ARRAY['a', NULL], '{"a": 1}'::jsonb ?| ARRAY[NULL]::text[], '"a"'::jsonb ?| '{a}', '1'::jsonb ?| '{1}', NULL::jsonb ?| '{a}', '{}'::jsonb ?& NULL;
-- t|f|t|f|f|t|t|f|t|f|∅|∅
SELECT '{"a": 1}'::jsonb ?| 'a';
-- ERROR 22P02
SELECT '{"a": 1}'::jsonb ?& ARRAY[1];
-- ERROR 42883
-- case: objects are collected
SELECT jsonb_object_agg(k, v) FROM (VALUES ('b', 1), ('a', 2), ('c', NULL)) t(k, v);
-- {"a": 2, "b": 1, "c": null}
SELECT jsonb_object_agg(k, v ORDER BY n) FROM (VALUES (1, 'a', 5), (2, 'a', 3), (3, 'b', 1)) t(n, k, v);
-- {"a": 3, "b": 1}
SELECT jsonb_object_agg(k, v ORDER BY n DESC) FROM (VALUES (1, 'a', 5), (2, 'a', 3), (3, 'b', 1)) t(n, k, v);
-- {"a": 5, "b": 1}
SELECT jsonb_object_agg(n, k) FILTER (WHERE n > 1), jsonb_object_agg(k, ARRAY[n]) FROM (VALUES (1, 'x'), (2, 'y')) t(n, k);
-- {"2": "y"}|{"x": [1], "y": [2]}
SELECT jsonb_object_agg(k, v) FROM (VALUES ('a', 1)) t(k, v) WHERE false;
-- ∅
SELECT jsonb_object_agg(k, v) FROM (VALUES (NULL, 1)) t(k, v);
-- ERROR 22023
SELECT g, jsonb_object_agg(k, v) FROM (VALUES (1, 'a', 1.50), (1, 'b', 2), (2, 'a', 3)) t(g, k, v) GROUP BY g ORDER BY g;
-- 1|{"a": 1.50, "b": 2}
-- 2|{"a": 3}
SELECT jsonb_object_agg(k) FROM (VALUES ('a')) t(k);
-- ERROR 42883
-- case: members as rows
SELECT * FROM jsonb_each('{"bb": 1, "a": "x", "c": null, "d": [1]}');
-- a|"x"
-- c|null
-- d|[1]
-- bb|1
SELECT * FROM jsonb_each_text('{"bb": 1.50, "a": "x", "c": null, "d": [1]}');
-- a|x
-- c|∅
-- d|[1]
-- bb|1.50
SELECT key, value FROM jsonb_each('{"a": {"b": 1}}') AS e;
-- a|{"b": 1}
SELECT e.k, e.v + 1 FROM (SELECT k, v::int AS v FROM jsonb_each('{"a": 1, "b": 2}') AS t(k, v)) e ORDER BY k DESC;
-- b|3
-- a|2
SELECT t.id, e.key, e.value FROM (VALUES (1, '{"x": 1}'::jsonb), (2, '{"y": 2, "z": 3}'), (3, '{}'), (4, NULL)) t(id, j), jsonb_each(t.j) e ORDER BY id, key;
-- 1|x|1
-- 2|y|2
-- 2|z|3
SELECT * FROM jsonb_each_text('{"a": 1, "b": 2}') WITH ORDINALITY AS e(k, v, n);
-- a|1|1
-- b|2|2
SELECT * FROM jsonb_each('[1]');
-- ERROR 22023
SELECT * FROM jsonb_each_text('1');
-- ERROR 22023
SELECT * FROM jsonb_each(NULL);
-- (no rows)
SELECT k FROM jsonb_object_keys('{"b": 1, "a": 2}') k;
-- a
-- b
-- case: keys and items are taken away
SELECT '{"a": 1, "b": 2}'::jsonb - 'a', '["a", "b", "a", 1]'::jsonb - 'a', '{"a": 1}'::jsonb - 'c'::text, '[1, 2, 3]'::jsonb - 1, '[1, 2, 3]'::jsonb - -1, '[1]'::jsonb - 4, '[1]'::jsonb - -4, '{"a": 1, "b": 2, "c": 3}'::jsonb - ARRAY['a', 'c', NULL], '["a", "b"]'::jsonb - '{}'::text[], '{"a": 1}'::jsonb - NULL, NULL::jsonb - 'a', '{"1": 2}'::jsonb - '1';
-- {"b": 2}|["b", 1]|{"a": 1}|[1, 3]|[1, 2]|[1]|[1]|{"b": 2}|["a", "b"]|∅|∅|{}
SELECT '{"a": 1}'::jsonb - 1;
-- ERROR 22023
SELECT '1'::jsonb - 1;
-- ERROR 22023
SELECT '1'::jsonb - 'a';
-- ERROR 22023
SELECT '1'::jsonb - ARRAY['a'];
-- ERROR 22023
SELECT '1'::jsonb - '{}'::text[];
-- ERROR 22023
SELECT '{}'::jsonb - 1.5;
-- ERROR 42883
SELECT '{}'::jsonb - '{}'::jsonb;
-- ERROR 42883
