-- The entities a batch talks about: a name-based UUID of the key (MD5, the same for ever), and a number in the order of
-- the files, so that differences are taken on two integers and not on eight texts.
CREATE OR REPLACE TEMP TABLE series AS
SELECT
    (row_number() OVER (ORDER BY {{ series_key }}))::INTEGER AS number,
    md5(concat_ws(chr(31), {{ series_key }}))::UUID AS series,
    *
FROM (SELECT DISTINCT {{ series_key }} FROM part);

CREATE OR REPLACE TEMP TABLE vintages AS
SELECT
    number, slot, observed_at, day_local, hour_of_week, ad_group_id, creative_id,
    {% for q in quantities %}
    {{ q }},
    {% endfor %}
    reach
FROM part
JOIN series USING ({{ series_key }});
