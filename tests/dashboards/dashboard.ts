// What a rendered dashboard must be: Grafana's published types, put together so
// that the compiler looks into every panel. Three things are narrower than in
// Grafana: panels are only those that this project writes, each with exactly
// its own options; enumerations are their values, because JSON has no names for
// them; and what must always be there (id, title, description, place) is not
// optional. Types that Grafana does not publish in @grafana/schema (queries of
// Prometheus, transformations, links) are written down here.
import type * as g from '@grafana/schema';
import type * as BarGauge from '@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen';
import type * as Gauge from '@grafana/schema/dist/esm/raw/composable/gauge/panelcfg/x/GaugePanelCfg_types.gen';
import type * as Heatmap from '@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen';
import type * as Stat from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type * as Text from '@grafana/schema/dist/esm/raw/composable/text/panelcfg/x/TextPanelCfg_types.gen';
import type * as TimeSeries from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

export type CheckedDashboard = Plain<
  Omit<g.Dashboard, 'panels' | 'templating' | 'schemaVersion'> & {
    title: string;
    uid: string;
    description: string;
    // The default of the published schema.
    schemaVersion: 42;
    templating: { list: Array<g.VariableModel & { label: string }> };
    panels: Array<AnyPanel | Row>;
  }
>;

type AnyPanel =
  | PanelOf<'timeseries', TimeSeries.Options, TimeSeries.FieldConfig>
  | PanelOf<'stat', Stat.Options, {}>
  | PanelOf<'gauge', Gauge.Options, {}>
  | PanelOf<'bargauge', BarGauge.Options, {}>
  | PanelOf<'table', g.TableOptions, g.TableFieldOptions>
  | PanelOf<'heatmap', Heatmap.Options, Heatmap.FieldConfig>
  | (Frame<'text'> & { options: Text.Options });

type Row = Omit<g.RowPanel, 'panels' | 'gridPos'> & { title: string; gridPos: g.GridPos; panels: AnyPanel[] };

type Frame<Type> = Pick<g.Panel, 'repeat' | 'repeatDirection' | 'maxPerRow' | 'transparent' | 'links'> & {
  type: Type;
  id: number;
  title: string;
  description: string;
  gridPos: g.GridPos;
};

type PanelOf<Type, Options, Custom> = Frame<Type> &
  Pick<g.Panel, 'datasource' | 'interval' | 'maxDataPoints' | 'timeFrom' | 'timeShift'> & {
    targets: Target[];
    options: Options;
    fieldConfig: { defaults: Fields<Custom> & { unit: string }; overrides: Array<Override<Custom>> };
    transformations?: Transformation[];
  };

type Fields<Custom> = Omit<g.FieldConfig, 'custom' | 'links'> & { custom?: Partial<Custom>; links?: DataLink[] };

// Settings of an override are named as in the field configuration, and typed so.
interface Override<Custom> {
  matcher: { id: 'byName' | 'byRegexp' | 'byFrameRefID' | 'byType'; options: string };
  properties: Array<Setting<Required<Omit<Fields<{}>, 'custom'>>, ''> | Setting<Required<Custom>, 'custom.'>>;
}
type Setting<T, Prefix extends string> = {
  [K in keyof T & string]: { id: `${Prefix}${K}`; value: T[K] };
}[keyof T & string];

interface Target extends Omit<g.DataQuery, 'datasource' | 'key'> {
  datasource: g.DataSourceRef;
  expr: string;
  legendFormat?: string;
  format?: 'time_series' | 'table' | 'heatmap';
  instant: boolean;
  range: boolean;
  exemplar?: boolean;
}

type Transformation =
  | { id: 'joinByField'; options: { byField: string; mode: 'outer' | 'inner' } }
  | { id: 'merge'; options: {} }
  | {
      id: 'organize';
      options: {
        excludeByName: Record<string, boolean>;
        indexByName: Record<string, number>;
        renameByName: Record<string, string>;
      };
    };

interface DataLink {
  title: string;
  url: string;
  targetBlank?: boolean;
}

// Enumerations as their values, at every depth.
type Plain<T> = unknown extends T
  ? T
  : T extends string
    ? `${T}`
    : T extends Array<infer E>
      ? Array<Plain<E>>
      : T extends object
        ? { [K in keyof T]: Plain<T[K]> }
        : T;
