-- One part of a batch, by the number of the series.
CREATE OR REPLACE TEMP TABLE series AS
FROM all_series WHERE number BETWEEN getvariable('first') AND getvariable('last');

CREATE OR REPLACE TEMP TABLE vintages AS
FROM all_vintages WHERE number BETWEEN getvariable('first') AND getvariable('last');
